import { describe, expect, it } from "vitest";

import { beforeWords, readAsked, withoutPlace, writeAsked } from "./asked";

describe("what a page of metrics asks", () => {
  it("has letters by place, also of what cannot be read", () => {
    const asked = readAsked(["sum(rows) by table", "nonsense", "= A / B * 100", "p95(ms){db=x} hidden"]);

    expect(asked.map(({ letter, kind }) => [letter, kind])).toEqual([["A", "query"], ["C", "formula"], ["D", "query"]]);
    expect(asked[1]).toMatchObject({ expression: "A / B * 100" });
    expect(asked[2]).toMatchObject({ hidden: true, query: { name: "ms", where: { db: ["x"] } } });
  });

  it.each(["sum(rows) by table", "= A / B * 100", "p95(ms){db=x} hidden", 'sum(rows) by "hidden"', 'sum(hits){route="/a/{id}"} hidden'])("writes %s as it was read", (text) => {
    expect(readAsked([text]).map(writeAsked)).toEqual([text]);
  });

  it("moves letters up when a line goes, and formulas with them", () => {
    expect(withoutPlace(["sum(a)", "sum(b)", "sum(c)", "= A / C + max(B, 1)"], 1)).toEqual(["sum(a)", "sum(c)", "= A / B + max(Z, 1)"]);
  });

  it("names the other time", () => {
    expect(beforeWords(604_800)).toBe("a week before");
    expect(beforeWords(2_592_000)).toBe("30 days before");
  });
});
