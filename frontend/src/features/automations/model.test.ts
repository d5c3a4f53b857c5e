import { describe, expect, it } from "vitest";

import type { Attempt, AttemptState, PreviewEvent } from "@/schema/wire/automations";

import { attemptsAnswer, byAction, knownFields } from "./model";

function tries(action: number, ...states: AttemptState[]): Attempt[] {
  return states.map((state, index) => ({ action, kind: "notify", number: index + 1, state, due_at: "", started_at: null, ended_at: null, outcome: null }));
}

describe("a firing's attempts", () => {
  it.each([
    ["nothing to do", []],
    ["2 actions done", [...tries(0, "FAILED", "SUCCEEDED"), ...tries(1, "SUCCEEDED")]],
    ["1 of 2 actions failed", [...tries(0, "SUCCEEDED"), ...tries(1, "FAILED", "GAVE_UP")]],
    ["1 of 2 actions under way", [...tries(0, "SUCCEEDED"), ...tries(1, "RUNNING")]],
    ["1 of 2 actions tried again", [...tries(0, "PENDING"), ...tries(1, "FAILED", "PENDING")]],
  ])("are %s", (text, attempts) => {
    expect(attemptsAnswer(attempts).text).toBe(text);
  });

  it("stand by action, the first try first", () => {
    const found = byAction([...tries(1, "SUCCEEDED"), ...tries(0, "FAILED", "PENDING").reverse()]);

    expect(found.map(({ action, tries: own }) => [action, own.map((each) => each.number)])).toEqual([[0, [1, 2]], [1, [1]]]);
  });
});

it("offers the fields that events carry", () => {
  const event: PreviewEvent = { id: "e", name: "n", occurred_at: "", resource: null, related: [{ role: "by", kind: "user", name: "ada", namespace: null }], payload: { rows: 1, plan: { scans: 2 }, tags: ["a"] }, run_id: null, task_run_id: null, source: "sdk" };

  expect(knownFields([event]).slice(6)).toEqual(["payload.plan.scans", "payload.rows", "payload.tags", "related.by.name"]);
});
