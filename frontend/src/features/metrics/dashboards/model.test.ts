import { describe, expect, it } from "vitest";

import { askedIn, askedPanels, freeId, textsOf } from "./model";

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
