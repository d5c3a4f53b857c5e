import { LETTERS, readAsked, writeAsked } from "@/features/metrics/asked";
import { listOf } from "@/lib/search-params";
import { parseRange, type RangeSearch } from "@/lib/time";
import type { AskedPanel, ChartPanel, Dashboard, DashboardDocument, DashboardPanel, PanelKind, PanelQuery } from "@/schema/wire/dashboards";

export interface DashboardSearch extends RangeSearch {
  /** What is chosen for variables: `table=flights`, several times for several values. */
  readonly v?: readonly string[] | undefined;
  readonly edit?: boolean | undefined;
}

export function parseDashboardSearch(search: Record<string, unknown>): DashboardSearch {
  const chosen = listOf(search["v"]).filter((pair) => pair.indexOf("=") > 0);
  return { ...parseRange(search), v: chosen.length === 0 ? undefined : chosen, edit: search["edit"] === "true" || search["edit"] === true || undefined };
}

/** What the server is asked for: without their places, so that a panel that is moved is not asked for anew; notes ask for nothing. */
export function askedPanels(panels: readonly DashboardPanel[]): AskedPanel[] {
  return panels.flatMap(({ x: _, y: __, w: ___, h: ____, title: _____, ...asked }) => (asked.kind === "text" ? [] : [asked]));
}

/** A panel's queries and formulas as the page of metrics has them in its address, with letters by place. */
export function textsOf({ queries, formulas = [] }: Pick<ChartPanel, "queries" | "formulas">): string[] {
  const letters = [...queries, ...formulas].map(({ letter }) => letter);
  const renamed = (letter: string) => (letters.includes(letter) ? LETTERS.charAt(letters.indexOf(letter)) : letter);
  return [
    ...queries.map((query) => writeAsked({ kind: "query", letter: query.letter, hidden: query.hidden === true, query: queryOf(query) })),
    ...formulas.map(({ expression }) => `= ${expression.replace(/[A-Z]/g, renamed)}`),
  ];
}

/** The query as it is asked, without what only a panel knows of it. */
function queryOf({ hidden: _, letter: __, group_by, where, ...query }: PanelQuery) {
  return {
    ...query,
    ...(group_by === undefined || group_by.length === 0 ? {} : { group_by: [...group_by] }),
    ...(where === undefined ? {} : { where: Object.fromEntries(Object.entries(where).map(([label, values]) => [label, [...values]])) }),
  };
}

/** Queries and formulas as a panel keeps them; lines that are neither are named. */
export function askedIn(lines: readonly string[]): Required<Pick<ChartPanel, "queries" | "formulas">> & { readonly unread: readonly string[] } {
  const asked = readAsked(lines);
  const letters = new Set(asked.map(({ letter }) => letter));
  return {
    queries: asked.flatMap((each): PanelQuery[] => {
      if (each.kind !== "query") return [];
      return [{ ...each.query, letter: each.letter, ...(each.hidden ? { hidden: true } : {}) }];
    }),
    formulas: asked.flatMap((each) => (each.kind === "formula" ? [{ letter: each.letter, expression: each.expression }] : [])),
    unread: lines.filter((_, place) => !letters.has(LETTERS.charAt(place)) || place >= LETTERS.length),
  };
}

export const KIND_WORDS: Readonly<Record<PanelKind, string>> = {
  chart: "Chart",
  number: "Number",
  heat_map: "Heat map",
  runs: "Runs",
  events: "Events",
  logs: "Logs",
  text: "Text",
};

/** What is saved of a dashboard, and what leaves it as JSON. */
export function documentOf({ name, range, variables, panels }: Dashboard | DashboardDocument): DashboardDocument {
  return { name, range, variables, panels };
}

export function freeId(panels: readonly { readonly id: string }[], kind: PanelKind): string {
  let number = panels.length + 1;
  while (panels.some(({ id }) => id === `${kind}-${number}`)) number += 1;
  return `${kind}-${number}`;
}
