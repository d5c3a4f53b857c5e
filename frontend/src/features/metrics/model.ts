import { listOf, oneOf } from "@/lib/search-params";
import { parseRange, type RangeSearch } from "@/lib/time";
import { AGGREGATES, type Aggregate, type MetricQuery } from "@/schema/wire/telemetry";

export interface MetricsSearch extends RangeSearch {
  /** Each query as a sentence: `p95(task.duration){flow=etl} by table`. */
  readonly q?: readonly string[] | undefined;
}

export function parseMetricsSearch(search: Record<string, unknown>): MetricsSearch {
  const queries = listOf(search["q"]).filter((text) => parseMetricQuery(text) !== null);
  return { ...parseRange(search), q: queries.length === 0 ? undefined : queries };
}

const SENTENCE = /^(\w+)\(([^(){}]+)\)(?:\{([^}]*)\})?(?: by ([\w.,-]+))?$/;

export function parseMetricQuery(text: string): MetricQuery | null {
  const match = SENTENCE.exec(text.trim());
  const aggregate = oneOf(match?.[1], AGGREGATES);
  if (match === null || aggregate === undefined) return null;
  const where: Record<string, string[]> = {};
  for (const pair of (match[3] ?? "").split(",")) {
    const at = pair.indexOf("=");
    if (at > 0) (where[pair.slice(0, at).trim()] ??= []).push(pair.slice(at + 1).trim());
  }
  return {
    name: (match[2] ?? "").trim(),
    aggregate,
    ...(match[4] === undefined ? {} : { group_by: match[4].split(",").filter((label) => label !== "") }),
    ...(Object.keys(where).length === 0 ? {} : { where }),
  };
}

export function formatMetricQuery(query: MetricQuery): string {
  const pairs = Object.entries(query.where ?? {}).flatMap(([label, values]) => values.map((value) => `${label}=${value}`));
  const where = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  const by = query.group_by === undefined || query.group_by.length === 0 ? "" : ` by ${query.group_by.join(",")}`;
  return `${query.aggregate}(${query.name})${where}${by}`;
}

/** The unit of the values: counts and rates lose the metric's own. */
export function unitOf(aggregate: Aggregate, unit: string | null): string | null {
  if (aggregate === "count") return null;
  return aggregate === "rate" ? (unit === null || unit === "1" ? "/s" : `${unit}/s`) : unit;
}

export function seriesName(query: MetricQuery, labels: Readonly<Record<string, string>>, several: boolean): string {
  const own = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  const base = `${query.aggregate}(${query.name})`;
  if (own.length === 0) return base;
  return several ? `${base} ${own.join(" ")}` : own.join(" ");
}

const PALETTE_SIZE = 8;

/** A colour that belongs to the name, not to the position: it stays when a filter removes the neighbours. */
export function colorsFor(names: readonly string[]): string[] {
  const taken = new Set<number>();
  const chosen = new Map<string, number>();
  for (const name of [...names].sort()) {
    let slot = hash(name) % PALETTE_SIZE;
    for (let step = 0; taken.has(slot) && step < PALETTE_SIZE; step += 1) slot = (slot + 1) % PALETTE_SIZE;
    taken.add(slot);
    if (taken.size === PALETTE_SIZE) taken.clear();
    chosen.set(name, slot);
  }
  return names.map((name) => `--series-${(chosen.get(name) ?? 0) + 1}`);
}

function hash(text: string): number {
  let value = 7;
  for (const character of text) value = (value * 31 + character.charCodeAt(0)) >>> 0;
  return value;
}
