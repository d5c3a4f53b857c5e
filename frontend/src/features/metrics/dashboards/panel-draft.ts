import { BAND, compareOf, COMPARES, LETTERS, readAsked, type Compare } from "@/features/metrics/asked";
import { askedIn, textsOf } from "@/features/metrics/dashboards/model";
import { formatMetricQuery } from "@/features/metrics/sentence";
import type { MetricsSearch } from "@/features/metrics/search";
import type { DashboardPanel, PanelKind, PanelPlace } from "@/schema/wire/dashboards";
import type { LogLevel } from "@/schema/wire/runs";

/** A panel while it is edited: everything that any kind has, so that changing the kind loses nothing. */
export interface PanelDraft {
  readonly kind: PanelKind;
  readonly title: string;
  readonly texts: string;
  readonly show: string | undefined;
  /** A number is of all of the range, or of its last step. */
  readonly over: "step" | "range";
  readonly compare: Compare | undefined;
  /** A number of seconds that the dialog has no word for is kept as it is. */
  readonly compareSeconds: number | undefined;
  readonly events: string;
  readonly view: "list" | "histogram";
  readonly states: readonly string[];
  readonly deployment: string;
  readonly search: string;
  readonly level: LogLevel | undefined;
  readonly markdown: string;
}

const EMPTY: PanelDraft = {
  kind: "chart",
  title: "",
  texts: "",
  show: undefined,
  over: "range",
  compare: undefined,
  compareSeconds: undefined,
  events: "",
  view: "list",
  states: [],
  deployment: "",
  search: "",
  level: undefined,
  markdown: "",
};

export function draftOf(panel: DashboardPanel | null): PanelDraft {
  if (panel === null) return EMPTY;
  const own = { ...EMPTY, kind: panel.kind, title: panel.title ?? "" };
  switch (panel.kind) {
    case "chart":
    case "number": {
      const compare = compareOf(panel.compare_seconds);
      const letters = [...panel.queries, ...(panel.formulas ?? [])].map(({ letter }) => letter);
      return {
        ...own,
        texts: textsOf(panel).join("\n"),
        compare,
        compareSeconds: compare === undefined ? panel.compare_seconds : undefined,
        ...(panel.kind === "chart" ? { events: panel.events ?? "", search: panel.events_q ?? "", deployment: panel.events_deployment ?? "" } : {}),
        over: panel.kind === "number" ? (panel.over ?? "step") : "range",
        show: panel.kind === "number" ? LETTERS.charAt(letters.indexOf(panel.show)) : undefined,
      };
    }
    case "heat_map":
      return { ...own, texts: textsOf({ queries: [{ letter: "A", name: panel.name, aggregate: "avg", ...(panel.where === undefined ? {} : { where: panel.where }) }] }).join("\n") };
    case "runs":
      return { ...own, view: panel.view, states: panel.states ?? [], deployment: panel.deployment ?? "" };
    case "events":
      return { ...own, view: panel.view, events: panel.name ?? "", search: panel.q ?? "", deployment: panel.deployment ?? "" };
    case "logs":
      return { ...own, search: panel.q ?? "", level: panel.level, deployment: panel.deployment ?? "" };
    case "text":
      return { ...own, markdown: panel.markdown };
  }
}

/** What the page of metrics shows, as panels would show it: all lines in one, each heat map and each set of bands in its own. */
export function draftsOfPage(search: MetricsSearch): readonly PanelDraft[] {
  const texts = search.q ?? [];
  const page = { ...EMPTY, events: search.events ?? "" };
  if (search.view === undefined || search.view === "lines") return [{ ...page, title: texts.join(", "), texts: texts.join("\n"), compare: search.compare }];
  return readAsked(texts).flatMap((asked): PanelDraft[] => {
    if (asked.kind !== "query") return [];
    const title = formatMetricQuery(asked.query);
    if (search.view === "heat") return [{ ...page, kind: "heat_map", title, texts: title }];
    return [{ ...page, title, texts: BAND.map((aggregate) => formatMetricQuery({ ...asked.query, aggregate })).join("\n") }];
  });
}

/** The panel; or, as a text, what it still lacks. What stands in formulas the server judges. */
export function panelOf(draft: PanelDraft, { id, x, y, w, h }: PanelPlace): DashboardPanel | string {
  const place = { id, x, y, w, h, ...(draft.title.trim() === "" ? {} : { title: draft.title.trim() }) };
  switch (draft.kind) {
    case "chart":
    case "number":
    case "heat_map": {
      const { queries, formulas, unread } = askedIn(draft.texts.split("\n").filter((line) => line.trim() !== ""));
      const [first] = queries;
      if (queries.length + formulas.length + unread.length > LETTERS.length) return `At most ${LETTERS.length} queries and formulas can be edited here.`;
      if (unread.length > 0) return `This is no query: ${unread[0] ?? ""}`;
      if (first === undefined) return "It needs a query.";
      if (draft.kind === "heat_map" && queries.length + formulas.length > 1) return "A heat map is of one query.";
      if (draft.kind === "heat_map") return { ...place, kind: "heat_map", name: first.name, ...(first.where === undefined ? {} : { where: first.where }) };
      const compare = draft.compare === undefined ? draft.compareSeconds : COMPARES[draft.compare];
      const asks = { queries, ...(formulas.length === 0 ? {} : { formulas }), ...(compare === undefined ? {} : { compare_seconds: compare }) };
      if (draft.kind === "chart") return { ...place, ...asks, kind: "chart", ...said({ events: draft.events, events_q: draft.search, events_deployment: draft.deployment }) };
      return { ...place, ...asks, kind: "number", show: shownLetter(draft) ?? first.letter, ...(draft.over === "range" ? { over: draft.over } : {}) };
    }
    case "runs":
      return {
        ...place,
        kind: "runs",
        view: draft.view,
        ...(draft.states.length === 0 ? {} : { states: draft.states }),
        ...said({ deployment: draft.deployment }),
      };
    case "events":
      return { ...place, kind: "events", view: draft.view, ...said({ name: draft.events, q: draft.search, deployment: draft.deployment }) };
    case "logs":
      return {
        ...place,
        kind: "logs",
        ...said({ q: draft.search, deployment: draft.deployment }),
        ...(draft.level === undefined ? {} : { level: draft.level }),
      };
    case "text":
      return { ...place, kind: "text", markdown: draft.markdown };
  }
}

/** What a number can be of: each line that is a query or a formula, by its letter. */
export function lettersOf({ texts }: Pick<PanelDraft, "texts">): readonly { readonly letter: string; readonly text: string }[] {
  const lines = texts.split("\n").filter((line) => line.trim() !== "");
  return readAsked(lines).map(({ letter }) => ({ letter, text: (lines[LETTERS.indexOf(letter)] ?? "").trim() }));
}

/** The letter that was chosen. Where none is, or it is gone, the number is what was computed: the last one. */
export function shownLetter(draft: Pick<PanelDraft, "texts" | "show">): string | undefined {
  const letters = lettersOf(draft).map(({ letter }) => letter);
  return letters.find((letter) => letter === draft.show) ?? letters.at(-1);
}

/** Fields in which something stands. */
function said<K extends string>(fields: Readonly<Record<K, string>>): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const name in fields) if (fields[name].trim() !== "") found[name] = fields[name].trim();
  return found;
}
