import { describe, expect, it } from "vitest";

import { formatMetricQuery, parseMetricQuery } from "./sentence";

describe("a query as a sentence", () => {
  it.each([
    ["avg(rows)", { name: "rows", aggregate: "avg" }],
    ["p95(task.duration) by table,flow", { name: "task.duration", aggregate: "p95", group_by: ["table", "flow"] }],
    ["sum(rows){table=a,table=b} by table", { name: "rows", aggregate: "sum", where: { table: ["a", "b"] }, group_by: ["table"] }],
    ["sum(rows) by table offset 7d", { name: "rows", aggregate: "sum", group_by: ["table"], offset_seconds: 604_800 }],
    ['sum(hits){"http/route"="/users/{id}",method=GET} by "a,b",x', { name: "hits", aggregate: "sum", where: { "http/route": ["/users/{id}"], method: ["GET"] }, group_by: ["a,b", "x"] }],
    ["sum(rows){table=}", { name: "rows", aggregate: "sum", where: { table: [""] } }],
    ["sum(rows){a=x = y}", { name: "rows", aggregate: "sum", where: { a: ["x = y"] } }],
    ["sum(rows){}", { name: "rows", aggregate: "sum" }],
    ["sum(rows){table=a", null],
    ['sum(rows){table="a}', { name: "rows", aggregate: "sum", where: { table: ['"a'] } }],
    ["sum(rows){=a}", null],
    ["sum(rows) by ", null],
    ["sum(rows) over table", null],
    ["median(rows)", null],
    ["avg rows", null],
  ])("reads %s", (text, query) => {
    expect(parseMetricQuery(text)).toEqual(query);
  });

  it("writes what it reads", () => {
    const text = "sum(rows){table=raw.flights} by table offset 90m";
    const query = parseMetricQuery(text);

    expect(query === null ? null : formatMetricQuery(query)).toBe(text);
  });

  it.each(["/users/{id}", "a,b", "x=y", 'say "no"', "back\\slash", " spaced ", "", "hidden", "a by b offset 1d", "münchen", "__proto__"])("keeps the value and label %j", (text) => {
    const query = { name: "hits (all)", aggregate: "sum", where: { [text === "" ? "empty" : text]: [text, "other"] }, group_by: [text === "" ? "empty" : text] } as const;

    const read = parseMetricQuery(formatMetricQuery(query));

    expect(read).toEqual(query);
    expect(Object.keys(read?.where ?? {})).toEqual(Object.keys(query.where));
  });
});
