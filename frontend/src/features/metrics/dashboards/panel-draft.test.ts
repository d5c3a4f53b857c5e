import { describe, expect, it } from "vitest";

import type { DashboardPanel } from "@/schema/wire/dashboards";

import { draftOf, draftsOfPage, lettersOf, panelOf } from "./panel-draft";

const PLACE = { id: "p", x: 1, y: 2, w: 3, h: 4, title: "T" };
const QUERIES = [{ letter: "A", name: "rows", aggregate: "sum", where: { t: ["$t"] } }] as const;

describe("a panel while it is edited", () => {
  it.each<DashboardPanel>([
    { ...PLACE, kind: "chart", queries: QUERIES, formulas: [{ letter: "B", expression: "A * 2" }], compare_seconds: 604_800, events: "deploy.*", events_q: "resource:$t", events_deployment: "$which" },
    { ...PLACE, kind: "chart", queries: QUERIES, compare_seconds: 77 },
    { ...PLACE, kind: "number", queries: QUERIES, formulas: [{ letter: "B", expression: "A * 2" }], show: "A" },
    { ...PLACE, kind: "number", queries: QUERIES, show: "A", over: "range" },
    { ...PLACE, kind: "heat_map", name: "ms", where: { t: ["x"] } },
    { ...PLACE, kind: "runs", view: "histogram", states: ["FAILED"], deployment: "$which" },
    { ...PLACE, kind: "events", view: "list", name: "table.*" },
    { ...PLACE, kind: "events", view: "histogram", q: "resource:$t late", deployment: "$which" },
    { ...PLACE, kind: "logs", q: '"timed out"', level: "ERROR", deployment: "$which" },
    { ...PLACE, kind: "logs" },
    { ...PLACE, kind: "text", markdown: "# Hello" },
  ])("comes out as it went in: $kind", (panel) => {
    expect(panelOf(draftOf(panel), panel)).toEqual(panel);
  });

  it("is what the page of metrics shows", () => {
    const page = { q: ["sum(rows)", "= A * 2"], compare: "1w", events: "deploy.*" } as const;
    const [draft = draftOf(null), ...others] = draftsOfPage(page);

    expect(others).toEqual([]);
    expect(panelOf(draft, PLACE)).toEqual({
      ...{ id: "p", x: 1, y: 2, w: 3, h: 4, kind: "chart", title: "sum(rows), = A * 2" },
      queries: [{ letter: "A", name: "rows", aggregate: "sum" }],
      formulas: [{ letter: "B", expression: "A * 2" }],
      compare_seconds: 604_800,
      events: "deploy.*",
    });
  });

  it("is one for each query whose spread the page shows", () => {
    const q = ["avg(ms){t=x}", "= A * 2", "avg(rows)", "avg(size)"];
    const bands = draftsOfPage({ q, view: "bands", compare: "1w" });
    const heat = draftsOfPage({ q, view: "heat" }).map((draft) => panelOf(draft, PLACE));

    expect(bands.map(({ texts }) => texts.split("\n"))).toEqual([
      ["p50(ms){t=x}", "p90(ms){t=x}", "p99(ms){t=x}"],
      ["p50(rows)", "p90(rows)", "p99(rows)"],
      ["p50(size)", "p90(size)", "p99(size)"],
    ]);
    expect(heat).toMatchObject([{ kind: "heat_map", name: "ms", where: { t: ["x"] } }, { kind: "heat_map", name: "rows" }, { kind: "heat_map", name: "size" }]);
  });

  it("says what it lacks", () => {
    const draft = draftOf(null);

    expect(panelOf(draft, PLACE)).toBe("It needs a query.");
    expect(panelOf({ ...draft, texts: "sum(rows)\nwhat?" }, PLACE)).toBe("This is no query: what?");
    expect(panelOf({ ...draft, texts: Array.from({ length: 9 }, () => "sum(rows)").join("\n") }, PLACE)).toBe("At most 8 queries and formulas can be edited here.");
    expect(panelOf({ ...draft, kind: "heat_map", texts: "avg(a)\navg(b)" }, PLACE)).toBe("A heat map is of one query.");
  });

  it("shows what was computed, unless something else was chosen", () => {
    const draft = { ...draftOf(null), kind: "number", texts: "sum(rows)\n\n= A / 2" } as const;

    expect(panelOf(draft, PLACE)).toMatchObject({ show: "B", over: "range" });
    expect(panelOf({ ...draft, show: "A" }, PLACE)).toMatchObject({ show: "A" });
    // The line that was chosen is gone.
    expect(panelOf({ ...draft, show: "C" }, PLACE)).toMatchObject({ show: "B" });
    expect(lettersOf(draft)).toEqual([
      { letter: "A", text: "sum(rows)" },
      { letter: "B", text: "= A / 2" },
    ]);
  });
});
