import { describe, expect, it } from "vitest";

import { estimateText, partitionsOf, readDraft, refusedText, type BackfillDraft } from "./model";

const DRAFT: BackfillDraft = { deployment: "d", name: " again ", by: "cron", schedule: "", cron: "0 6 * * *", hours: "24", timezone: "Europe/Berlin", since: "2026-03-28T00:00", until: "2026-03-30T00:00", partitions: "", parameter: "day", parameters: {}, concurrency: "3", priority: "-10" };
const COMMON = { deployment_id: "d", name: "again", parameter: "day", concurrency: 3, priority: -10 };
const RANGE = { ...COMMON, kind: "RANGE", since: "2026-03-27T23:00:00.000Z", until: "2026-03-29T22:00:00.000Z" };

describe("what a backfill is asked with", () => {
  it.each<[Partial<BackfillDraft>, object]>([
    [{}, { ...RANGE, cron: "0 6 * * *", timezone: "Europe/Berlin" }],
    [{ by: "interval", hours: "0.5" }, { ...RANGE, interval_seconds: 1_800, timezone: "Europe/Berlin" }],
    [{ by: "schedule", schedule: "s" }, { ...RANGE, schedule_id: "s" }],
    [{ by: "schedule", schedule: "s", parameters: { limit: 7 } }, { ...RANGE, schedule_id: "s", parameters: { limit: 7 } }],
    [{ by: "partitions", partitions: "de, fr\nde\n\nit" }, { ...COMMON, kind: "PARTITIONS", partitions: ["de", "fr", "it"] }],
  ])("sends %j as %j", (change, body) => {
    expect(readDraft({ ...DRAFT, ...change })).toEqual({ body });
  });

  it.each<[Partial<BackfillDraft>, RegExp]>([
    [{ deployment: "" }, /deployment/],
    [{ parameter: "" }, /parameter/],
    [{ parameters: null }, /parameters/],
    [{ concurrency: "0" }, /at once/],
    [{ until: "2026-03-28T00:00" }, /ends before/],
    [{ since: "" }, /from when/],
    [{ cron: "6" }, /five fields/],
    [{ by: "schedule" }, /schedule/],
    [{ by: "partitions", partitions: " , " }, /partitions/],
  ])("says what is missing in %j", (change, gap) => {
    expect(readDraft({ ...DRAFT, ...change })).toEqual({ gap: expect.stringMatching(gap) });
  });

  it("has no name unless it is given one", () => {
    const { name: _, ...nameless } = { ...RANGE, cron: "0 6 * * *", timezone: "Europe/Berlin" };

    expect(readDraft({ ...DRAFT, name: "  " })).toEqual({ body: nameless });
  });

  it("takes each partition once", () => {
    expect(partitionsOf("a\nb,a , c")).toEqual(["a", "b", "c"]);
  });
});

it("names the parameter that was refused, which may have no field", () => {
  expect(refusedText({ "parameters.airports": ["Required.", "Too few."], cron: ["No such weekday."] })).toBe("airports: Required. Too few. No such weekday.");
  expect(refusedText({})).toBe("");
});

it("tells what it would take, when that can be told", () => {
  const none = { parts: 3, first: [], last: "" };
  const unknown = { seconds_each: null, seconds_total: null, past_runs: 0, cost: { task_runs: null, vcpu_seconds: null, gb_seconds: null } };

  expect(estimateText({ ...none, estimate: unknown })).toContain("No run has succeeded yet");
  expect(estimateText({ ...none, estimate: { seconds_each: 60, seconds_total: 90, past_runs: 1, cost: { task_runs: 12, vcpu_seconds: null, gb_seconds: null } } })).toBe("About 1m 00s each, 1m 30s in all; 12 task runs. From 1 run of before.");
});
