import { isKind, namesOf, type StateKind } from "@/lib/run-state";
import { listOf, oneOf, textOf } from "@/lib/search-params";
import { parseRange, resolveRange, type RangeSearch } from "@/lib/time";
import type { RunRow, RunSource } from "@/schema/wire/runs";

export const RUN_SOURCES = ["SCHEDULE", "ADHOC", "LOCAL", "RETRY", "SUBFLOW", "BACKFILL"] as const satisfies readonly RunSource[];

export const SOURCE_WORDS: Readonly<Record<RunSource, string>> = {
  SCHEDULE: "Schedule",
  ADHOC: "By hand",
  LOCAL: "Local process",
  RETRY: "Retry",
  SUBFLOW: "Subflow",
  BACKFILL: "Backfill",
};

/** Everything the runs list shows stands in its address. */
export interface RunsSearch extends RangeSearch {
  readonly state?: readonly StateKind[] | undefined;
  readonly flow_id?: string | undefined;
  readonly deployment_id?: string | undefined;
  readonly pool_id?: string | undefined;
  readonly tag?: string | undefined;
  readonly source?: RunSource | undefined;
  /** The run that started them. */
  readonly parent?: string | undefined;
  readonly q?: string | undefined;
}

export function parseRunsSearch(search: Record<string, unknown>): RunsSearch {
  const kinds = listOf(search["state"]).filter(isKind);
  return {
    ...parseRange(search),
    state: kinds.length === 0 ? undefined : kinds,
    flow_id: textOf(search["flow_id"]),
    deployment_id: textOf(search["deployment_id"]),
    pool_id: textOf(search["pool_id"]),
    tag: textOf(search["tag"]),
    source: oneOf(search["source"], RUN_SOURCES),
    parent: textOf(search["parent"]),
    q: textOf(search["q"]),
  };
}

type Filters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The filters as the API takes them, without the time. */
export function runFilters(search: RunsSearch): Filters {
  return {
    state: search.state === undefined ? undefined : namesOf(search.state),
    flow_id: search.flow_id,
    deployment_id: search.deployment_id,
    pool_id: search.pool_id,
    tag: search.tag,
    source: search.source,
    parent: search.parent,
    q: search.q,
  };
}

/** Whether a run announced by the live stream belongs to the list as filtered. */
export function matchesSearch(run: RunRow, search: RunsSearch, now: number): boolean {
  const { from, to } = resolveRange(search, now);
  const created = Date.parse(run.created_at);
  if (created < Date.parse(from) || (search.to !== undefined && created >= Date.parse(to))) return false;
  if (search.state !== undefined && !namesOf(search.state).includes(run.state)) return false;
  if (search.flow_id !== undefined && run.flow.id !== search.flow_id) return false;
  if (search.deployment_id !== undefined && run.deployment?.id !== search.deployment_id) return false;
  if (search.pool_id !== undefined && run.pool?.id !== search.pool_id) return false;
  if (search.tag !== undefined && !run.tags.includes(search.tag)) return false;
  if (search.source !== undefined && run.source !== search.source) return false;
  if (search.parent !== undefined && run.parent_run_id !== search.parent) return false;
  const needle = search.q?.toLowerCase();
  return needle === undefined || `${run.name} ${run.flow.name} ${run.id}`.toLowerCase().includes(needle);
}

export function isFiltered(search: RunsSearch): boolean {
  return Object.values(runFilters(search)).some((value) => value !== undefined);
}
