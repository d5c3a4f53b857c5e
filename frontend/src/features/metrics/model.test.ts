import { describe, expect, it } from "vitest";

import { colorsFor, formatMetricQuery, parseMetricQuery, unitOf } from "./model";

describe("a query as a sentence", () => {
  it.each([
    ["avg(rows)", { name: "rows", aggregate: "avg" }],
    ["p95(task.duration) by table,flow", { name: "task.duration", aggregate: "p95", group_by: ["table", "flow"] }],
    ["sum(rows){table=a,table=b} by table", { name: "rows", aggregate: "sum", where: { table: ["a", "b"] }, group_by: ["table"] }],
    ["median(rows)", null],
    ["avg rows", null],
  ])("reads %s", (text, query) => {
    expect(parseMetricQuery(text)).toEqual(query);
  });

  it("writes what it reads", () => {
    const text = "sum(rows){table=raw.flights} by table";
    const query = parseMetricQuery(text);

    expect(query === null ? null : formatMetricQuery(query)).toBe(text);
  });
});

it.each([
  ["count", "ms", null],
  ["rate", "rows", "rows/s"],
  ["rate", null, "/s"],
  ["p95", "ms", "ms"],
] as const)("gives %s of %s the unit %s", (aggregate, unit, expected) => {
  expect(unitOf(aggregate, unit)).toBe(expected);
});

it("keeps a colour with its name when the neighbours change order, and differs between few names", () => {
  const names = ["EWR", "JFK", "LGA"];
  const [ewr, jfk, lga] = colorsFor(names);

  expect(colorsFor([...names].reverse())).toEqual([lga, jfk, ewr]);
  expect(new Set(colorsFor(names)).size).toBe(3);
});
