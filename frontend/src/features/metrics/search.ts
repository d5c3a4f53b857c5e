import { COMPARES, readAsked, VIEWS, type Compare, type View } from "@/features/metrics/asked";
import { listOf, oneOf, textOf } from "@/lib/search-params";
import { parseRange, type RangeSearch } from "@/lib/time";

export interface MetricsSearch extends RangeSearch {
  /** Each query as a sentence, `p95(task.duration){flow=etl} by table`, or a formula, `= A / B`. */
  readonly q?: readonly string[] | undefined;
  /** How far back the other time lies. */
  readonly compare?: Compare | undefined;
  readonly view?: View | undefined;
  /** Events that are marked on the charts, by their name. */
  readonly events?: string | undefined;
}

export function parseMetricsSearch(search: Record<string, unknown>): MetricsSearch {
  const queries = listOf(search["q"]);
  const view = oneOf(search["view"], VIEWS);
  return {
    ...parseRange(search),
    q: readAsked(queries).length === 0 ? undefined : queries,
    compare: oneOf(search["compare"], Object.keys(COMPARES) as Compare[]),
    view: view === "lines" ? undefined : view,
    events: textOf(search["events"]),
  };
}
