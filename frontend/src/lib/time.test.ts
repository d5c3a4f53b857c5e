import { describe, expect, it } from "vitest";

import { elapsed, formatDates, formatEvery, formatRelative, parseRange, presetFor, rangeInSentence, rangeKey, resolveRange, timeTicks, withPreset } from "./time";

const NOW = Date.parse("2026-03-01T12:00:00Z");

describe("parseRange", () => {
  it.each([
    [{ range: "7d" }, { range: "7d" }],
    [{ range: "never" }, {}],
    [{ from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z", range: "7d" }, { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" }],
    [{ from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" }, {}],
    [{ from: "yesterday", to: "today", range: "1h" }, { range: "1h" }],
  ])("reads %j as %j", (search, range) => {
    expect(parseRange(search)).toEqual(range);
  });
});

it("resolves a preset against the given moment", () => {
  expect(resolveRange({ range: "1h" }, NOW)).toEqual({ from: "2026-03-01T11:00:00.000Z", to: "2026-03-01T12:00:00.000Z" });
});

it("keys a preset by name, so that the clock does not change the key", () => {
  expect(rangeKey({})).toBe("24h");
});

describe("rangeInSentence", () => {
  it("begins a preset in lower case, and leaves the names of months", () => {
    expect(rangeInSentence({ range: "7d" })).toBe("last 7 days");
    expect(rangeInSentence({ from: "2026-11-02T08:00:00", to: "2026-11-02T09:00:00" })).toBe("2 Nov, 08:00 – 09:00");
  });
});

describe("formatRelative", () => {
  it.each([
    [-500, "just now"],
    [-42_000, "42s ago"],
    [-240_000, "4m ago"],
    [3 * 3_600_000, "in 3h"],
    [-5 * 86_400_000, "5d ago"],
  ])("says %i ms from now as %s", (offset, text) => {
    expect(formatRelative(NOW + offset, NOW)).toBe(text);
  });
});

it.each([
  [300, "every 5m"],
  [3_600, "every 1h"],
  [90, "every 1m 30s"],
  [45, "every 45 s"],
])("says an interval of %i s as %s", (seconds, text) => {
  expect(formatEvery(seconds)).toBe(text);
});

it("counts a running thing up to now and never below zero", () => {
  expect(elapsed("2026-03-01T11:59:00Z", null, NOW)).toBe(60_000);
  expect(elapsed("2026-03-01T12:00:05Z", null, NOW)).toBe(0);
  expect(elapsed(null, null, NOW)).toBeNull();
});

it.each([
  [null, "24h"],
  [10 * 60_000, "1h"],
  [61 * 60_000, "6h"],
  [7 * 3_600_000, "24h"],
] as const)("opens a workspace that is %s ms old on %s", (age, preset) => {
  expect(presetFor(age === null ? null : NOW - age, NOW)).toBe(preset);
});

it("leaves a time that the address names alone", () => {
  expect(withPreset({}, "1h")).toEqual({ range: "1h" });
  expect(withPreset({ range: "7d" }, "1h")).toEqual({ range: "7d" });
  expect(withPreset({ from: "a", to: "b" }, "1h")).toEqual({ from: "a", to: "b" });
});

it("puts ticks on round moments of the local clock", () => {
  const from = new Date(2026, 2, 1, 6, 7).getTime();
  const hours = timeTicks(from, from + 24 * 3_600_000, 7).map((at) => [new Date(at).getHours(), new Date(at).getMinutes()]);

  expect(hours).toEqual([[12, 0], [18, 0], [0, 0], [6, 0]]);
});

it.each([
  ["2026-11-01", "2026-11-22", "1 November to 22 November"],
  ["2025-12-01", "2026-11-22", "1 December 2025 to 22 November 2026"],
])("says the days from %s to %s", (from, to, text) => {
  expect(formatDates(from, to)).toBe(text);
});
