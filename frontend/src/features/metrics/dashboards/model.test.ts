import { describe, expect, it } from "vitest";

import { askedIn, askedPanels, chosenValues, filledWhere, freeId, parseDashboardSearch, textsOf, withChosen } from "./model";

const TABLE = { name: "table", kind: "label", metric: "rows", label: "table", default: ["a"] } as const;

describe("variables of a dashboard", () => {
  it.each([
    ["what it opens with", [], ["a"]],
    ["what the address says", ["table=b", "table=c", "tables=x"], ["b", "c"]],
    ["everything, on purpose", ["table="], []],
  ])("have %s", (_, pairs, values) => {
    expect(chosenValues([{ ...TABLE, default: [...TABLE.default] }], pairs)).toEqual({ table: values });
  });

  it("go into the address", () => {
    expect(withChosen(["table=a", "db=x"], "table", ["b"])).toEqual(["db=x", "table=b"]);
    expect(withChosen(["table=a"], "table", [])).toEqual(["table="]);
    expect(parseDashboardSearch({ v: ["table=a", "nonsense"], edit: "true", range: "7d" })).toEqual({ range: "7d", v: ["table=a"], edit: true });
  });

  it("stand for the chosen values, and for any value where none is chosen", () => {
    const where = { table: ["$table", "z"], db: ["x"] };

    expect(filledWhere(where, { table: ["a", "b"] })).toEqual({ table: ["a", "b", "z"], db: ["x"] });
    expect(filledWhere(where, { table: [] })).toEqual({ db: ["x"] });
  });
});

describe("queries of a panel", () => {
  const place = { id: "p", x: 0, y: 0, w: 1, h: 1 };

  it("are written and read as on the page of metrics, with letters by place", () => {
    const texts = textsOf({
      queries: [
        { letter: "Q", name: "rows", aggregate: "sum", where: { table: ["$table"] }, hidden: true },
        { letter: "B", name: "rows", aggregate: "sum", offset_seconds: 604_800 },
      ],
      formulas: [{ letter: "C", expression: "Q / B * 100" }],
    });

    expect(texts).toEqual(["sum(rows){table=$table} hidden", "sum(rows) offset 7d", "= A / B * 100"]);
    expect(textsOf(askedIn(texts))).toEqual(texts);
    expect(askedIn(["sum(rows)", "what?"]).unread).toEqual(["what?"]);
  });

  it("are asked for without the places of the panels, and notes not at all", () => {
    const heat = { id: "p", kind: "heat_map", name: "ms", where: { t: ["$t"] } } as const;

    expect(askedPanels([{ ...place, ...heat, title: "T" }, { ...place, kind: "text", markdown: "" }])).toEqual([heat]);
  });

  it("get ids that are free", () => {
    expect(freeId([{ id: "chart-2" }], "chart")).toBe("chart-3");
  });
});
