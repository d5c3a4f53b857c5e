import { describe, expect, it } from "vitest";

import { aroundDue, changesOf, DAYS, daysText, draftOf, levelWords, newDraft, nextCheck, readDraft, type LevelDraft } from "@/features/levels/model";
import type { Level } from "@/schema/wire/levels";

const LEVEL: Level = {
  id: "l1",
  flow: { id: "f1", name: "flights" },
  deployment: { id: "d1", name: "nightly" },
  kind: "FINISH_BY",
  seconds: null,
  time_of_day: "06:30:00",
  weekdays: ["MON", "TUE", "WED", "THU", "FRI"],
  timezone: "Europe/Berlin",
  paused: false,
  next_check_at: "2026-11-23T05:30:05Z",
  last_breach: null,
  created_at: "2026-11-01T00:00:00Z",
  may: {},
};

describe("a service level in words", () => {
  it.each([
    [{}, "must finish by 06:30 on weekdays, Europe/Berlin"],
    [{ kind: "START_BY", time_of_day: "23:59:30", weekdays: [...DAYS] }, "must start by 23:59:30 every day, Europe/Berlin"],
    [{ kind: "LASTS_AT_MOST", seconds: 1_800 }, "must last less than 30m"],
    [{ kind: "SUCCEEDS_WITHIN", seconds: 93_600 }, "must succeed within 1d 02h of the last success"],
  ] as const)("%j: %s", (facts, words) => {
    expect(levelWords({ ...LEVEL, ...(facts as Partial<Level>) })).toBe(words);
  });

  it.each([
    [["SUN", "SAT"], "at weekends"],
    [["WED", "MON"], "on Mon, Wed"],
  ] as const)("%j: %s", (days, words) => {
    expect(daysText(days)).toBe(words);
  });
});

describe("when it is looked at next", () => {
  const now = Date.parse("2026-11-23T05:30:00Z");

  it.each([
    [{ next_check_at: null }, "never"],
    [{}, { at: "2026-11-23T05:30:05Z" }],
    [{ kind: "LASTS_AT_MOST" }, "always"],
    [{ kind: "SUCCEEDS_WITHIN" }, "always"],
    [{ kind: "SUCCEEDS_WITHIN", next_check_at: "2026-11-23T07:30:00Z" }, { at: "2026-11-23T07:30:00Z" }],
  ] as const)("%j: %j", (facts, expected) => {
    expect(nextCheck({ ...LEVEL, ...facts }, now)).toEqual(expected);
  });
});

describe("its form", () => {
  const draft = newDraft("UTC");

  it.each<[Partial<LevelDraft>, string[]]>([
    [{}, []],
    [{ time: "" }, ["time_of_day"]],
    [{ days: [] }, ["weekdays"]],
    [{ timezone: "Mars/North" }, ["timezone"]],
    [{ kind: "LASTS_AT_MOST", span: { amount: "0", unit: "m" }, days: [] }, ["seconds"]],
    [{ kind: "LASTS_AT_MOST", span: { amount: "x", unit: "m" } }, ["seconds"]],
    [{ kind: "SUCCEEDS_WITHIN", span: { amount: "367", unit: "d" } }, ["seconds"]],
  ])("%j is wrong in %j", (change, fields) => {
    expect(Object.keys(readDraft({ ...draft, ...change }).problems)).toEqual(fields);
  });

  it("says only what its kind needs", () => {
    expect(readDraft({ ...draft, days: ["SUN", "MON"] }).said).toEqual({ time_of_day: "06:30:00", weekdays: ["MON", "SUN"], timezone: "UTC" });
    expect(readDraft({ ...draft, kind: "SUCCEEDS_WITHIN", span: { amount: "1.5", unit: "h" } }).said).toEqual({ seconds: 5_400 });
  });

  it("sends what is new, and nothing of what stands", () => {
    const stands = draftOf(LEVEL);

    expect(changesOf(LEVEL, readDraft(stands).said)).toEqual({});
    expect(changesOf(LEVEL, readDraft({ ...stands, time: "07:00" }).said)).toEqual({ time_of_day: "07:00:00" });
    const lasting = { ...LEVEL, kind: "LASTS_AT_MOST", seconds: 90, time_of_day: null } as const;
    expect(changesOf(lasting, readDraft({ ...draftOf(lasting), span: { amount: "2", unit: "m" } }).said)).toEqual({ seconds: 120 });
  });
});

it("looks for what was the matter around the due time", () => {
  expect(aroundDue({ due_at: "2026-11-23T05:30:00Z" })).toEqual({ from: "2026-11-22T17:30:00.000Z", to: "2026-11-23T17:30:00.000Z" });
});
