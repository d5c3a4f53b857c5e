import { describe, expect, it } from "vitest";

import type { Trigger, WireAction } from "@/schema/wire/automations";

import { draftFaults, draftOf, emptyAction, emptyDraft, faultsAt, parametersOf, placelessFaults, triggerOf, wireAction, type Draft } from "./draft";
import { lengthOf, secondsOf } from "./length";

const EVENT: Trigger = { type: "event", match: { name: ["query.*", "!query.test*"], "payload.rows": ["0"] }, for_each: ["resource.name"], threshold: 3, within_seconds: 600 };
const AFTER: Trigger = { type: "absence", match: { "resource.kind": ["table"] }, after: { name: ["load.started"] }, expect: { name: ["load.finished"] }, for_each: ["resource.name"], threshold: 1, within_seconds: 3600, allow_late_seconds: 90 };
const SILENCE: Trigger = { type: "absence", match: {}, after: null, expect: { name: ["table.updated"] }, for_each: [], threshold: 2, within_seconds: 86_400, allow_late_seconds: 0 };
const METRIC: Trigger = { type: "metric", metric: "rows_failed", aggregate: "sum", where: { zone: ["eu", ""] }, for_each: ["table"], within_seconds: 3600, over: null, is: "above", threshold: 5.5, for_seconds: 600, resolve_at: 2, tell_resolved: true, allow_late_seconds: 30 };
const MONTH: Trigger = { ...METRIC, metric: "headway.cost", where: { currency: ["USD"] }, within_seconds: null, over: "month", is: "at_least", for_seconds: 0, resolve_at: null, tell_resolved: false, allow_late_seconds: 0 };
const GONE: Trigger = { ...METRIC, is: "absent", threshold: null, resolve_at: null, for_seconds: 0, allow_late_seconds: 0 };
const ACTIONS: readonly WireAction[] = [
  { type: "run_deployment", deployment_id: "d1", parameters: { day: "{{ event.payload.day }}", limit: 5 } },
  { type: "cancel_run", run_id: "{{ event.run_id }}" },
  { type: "notify", channel_id: "c1", subject: "late", body: "see {{ url }}" },
  { type: "webhook", url: "https://a.example", body: null },
];

describe("an automation in the editor", () => {
  it.each([
    ["event", EVENT],
    ["after", AFTER],
    ["silence", SILENCE],
    ["metric", METRIC],
    ["metric", MONTH],
    ["metric", GONE],
  ] as const)("reads %s and writes the same", (kind, trigger) => {
    const draft = draftOf({ name: "a", description: "", trigger, actions: ACTIONS });

    expect(draft.kind).toBe(kind);
    expect(triggerOf(draft)).toEqual(trigger);
    expect(draft.actions.map(wireAction)).toEqual(ACTIONS);
    expect(draftFaults(draft)).toEqual({});
  });

  it("says too little to be asked for until it names events", () => {
    const draft = emptyDraft();

    expect(triggerOf(draft)).toBeNull();
    expect(triggerOf({ ...draft, events: [{ field: "payload.x", patterns: [] }] })).toBeNull();
    expect(triggerOf({ ...emptyDraft({ name: "a.b", resource: "orders" }) })).toMatchObject({ match: { name: ["a.b"], "resource.name": ["orders"] } });
    expect(triggerOf({ ...draft, kind: "after", events: [{ field: "name", patterns: ["b"] }] })).toBeNull();
  });

  it("joins two conditions on one field", () => {
    const events = [{ field: "name", patterns: ["a"] }, { field: " name ", patterns: ["b"] }];
    expect(triggerOf({ ...emptyDraft(), events })).toMatchObject({ match: { name: ["a", "b"] } });
  });

  it.each<[string, Partial<Draft>, string[]]>([
    ["nothing", {}, ["name", "trigger.match"]],
    ["no metric", { name: "a", kind: "metric" }, ["trigger.metric", "trigger.threshold"]],
    ["no wait", { name: "a", kind: "after" }, ["trigger.expect", "trigger.after"]],
    ["no time", { name: "a", kind: "silence", events: [{ field: "name", patterns: ["x"] }], within: { count: 0, unit: "m" } }, ["trigger.within_seconds"]],
    [
      "unfinished actions",
      { name: "a", events: [{ field: "name", patterns: ["x"] }], actions: [emptyAction("notify"), { ...emptyAction("run_deployment"), parameters: "[1]" }, emptyAction("webhook")] },
      ["actions.0.channel_id", "actions.1.deployment_id", "actions.1.parameters", "actions.2.url"],
    ],
  ])("knows what is missing: %s", (_, part, places) => {
    expect(Object.keys(draftFaults({ ...emptyDraft(), ...part }))).toEqual(places);
  });
});

it.each([
  [1, { count: 1, unit: "s" }],
  [90, { count: 90, unit: "s" }],
  [600, { count: 10, unit: "m" }],
  [3_600, { count: 1, unit: "h" }],
  [172_800, { count: 2, unit: "d" }],
] as const)("writes %d seconds as people do", (seconds, length) => {
  expect(lengthOf(seconds)).toEqual(length);
  expect(secondsOf(length)).toBe(seconds);
});

it.each([
  ["", {}],
  ['{"a": 1}', { a: 1 }],
  ["[1]", null],
  ["{", null],
])("reads parameters %j", (text, value) => {
  expect(parametersOf(text)).toEqual(value);
});

it("finds what is said of a place, and what has none", () => {
  const faults = { "trigger.match.payload.x": ["Not a field."], "actions.1.url": ["No."], actions: ["At most 10."], name: ["Taken."] };

  expect(faultsAt(faults, "trigger.match")).toBe("Not a field.");
  expect(faultsAt(faults, "actions.1.url")).toBe("No.");
  expect(faultsAt(faults, "actions.10.url")).toBeUndefined();
  expect(placelessFaults(faults)).toEqual(["actions: At most 10."]);
});
