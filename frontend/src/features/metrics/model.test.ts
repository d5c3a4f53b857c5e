import { expect, it } from "vitest";

import { colorsFor, glanceStep, inBatches, openStep, unitOf, usualAggregate } from "./model";

it.each([
  ["count", "ms", null],
  ["rate", "rows", "rows/s"],
  ["rate", null, "/s"],
  ["p95", "ms", "ms"],
] as const)("gives %s of %s the unit %s", (aggregate, unit, expected) => {
  expect(unitOf(aggregate, unit)).toBe(expected);
});

it.each([
  ["now", 1_000_200, 1_000_200, 960_000],
  ["the future", 1_300_000, 1_000_200, 1_260_000],
  ["the past", 700_000, 1_000_200, null],
  ["the end of a step", 960_000, 960_000, null],
] as const)("knows whether the last step of a chart up to %s is over", (_, to, now, from) => {
  expect(openStep(to, 60_000, now)).toBe(from);
});

it("keeps a colour with its name when the neighbours change order, and differs between few names", () => {
  const names = ["EWR", "JFK", "LGA"];
  const [ewr, jfk, lga] = colorsFor(names);

  expect(colorsFor([...names].reverse())).toEqual([lga, jfk, ewr]);
  expect(new Set(colorsFor(names)).size).toBe(3);
});

it.each([
  ["rows_loaded", "rows", "sum"],
  ["headway.cost", "USD", "sum"],
  ["process.memory", "bytes", "avg"],
  ["http.requests.total", null, "sum"],
  ["model_rmse", null, "avg"],
  ["errors.count", "1", "sum"],
  ["load_total", "ms", "avg"],
  ["late", "flights", "sum"],
  ["wait", "seconds", "avg"],
  ["queue.depth", "messages", "avg"],
  ["pool_connections", "connections", "avg"],
] as const)("sums %s in %s up by %s", (name, unit, expected) => {
  expect(usualAggregate({ name, unit })).toBe(expected);
});

it.each([
  ["15 minutes", 900, 60],
  ["an hour", 3_600, 60],
  ["six hours", 6 * 3_600, 600],
  ["a day", 86_400, 3_600],
  ["a month", 30 * 86_400, 12 * 3_600],
  ["five years", 5 * 366 * 86_400, 31 * 86_400],
])("draws %s on a card in at most 60 points that a rollup holds", (_, seconds, step) => {
  expect(glanceStep(0, seconds * 1000)).toBe(step);
});

it("asks for no more than a request may hold", () => {
  expect(inBatches([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
});
