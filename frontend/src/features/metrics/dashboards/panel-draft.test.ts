import { describe, expect, it } from "vitest";

import type { DashboardPanel } from "@/schema/wire/dashboards";

import { draftOf, draftOfPage, lettersOf, panelOf } from "./panel-draft";

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
    const bands = { q: ["avg(ms){t=x}"], view: "bands" } as const;

    expect(panelOf(draftOfPage(page), PLACE)).toEqual({
      ...{ id: "p", x: 1, y: 2, w: 3, h: 4, kind: "chart" },
      queries: [{ letter: "A", name: "rows", aggregate: "sum" }],
      formulas: [{ letter: "B", expression: "A * 2" }],
      compare_seconds: 604_800,
      events: "deploy.*",
    });
    expect(draftOfPage(bands).texts).toBe("p50(ms){t=x}\np90(ms){t=x}\np99(ms){t=x}");
    expect(panelOf(draftOfPage({ ...bands, view: "heat" }), PLACE)).toMatchObject({ kind: "heat_map", name: "ms", where: { t: ["x"] } });
  });

  it("says what it lacks", () => {
    const draft = draftOf(null);

    expect(panelOf(draft, PLACE)).toBe("It needs a query.");
    expect(panelOf({ ...draft, texts: "sum(rows)\nwhat?" }, PLACE)).toBe("This is no query: what?");
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
