import type { Aggregate, MetricInfo, MetricQuery } from "@/schema/wire/telemetry";

/** Plurals that are units of measure: everything else in the plural is counted. */
const MEASURES =
  /^((nano|micro|milli|kilo|mega|giga|tera|kibi|mebi|gibi|centi)?(seconds|bytes|bits|meters|metres|grams|liters|litres|watts|volts|hertz|joules)|minutes|hours|days|weeks|months|years|degrees|celsius|percents|points|dollars|euros|gbs|mbs|ms|us|ns|bps|rps|qps)$/i;
const COUNTED = /^\{?[a-z][a-z_ -]*(s|count)\}?$/i;
const COUNTING = /(^|[._-])(total|count|loaded|written|read|errors|failures|retries)$/i;
/** Names of what is there at a time: to add up its samples would say nothing. */
const LEVEL = /(^|[._-])(size|depth|length|backlog|queue|queued|pending|waiting|open|active|running|current|used|free|available|capacity|level|lag|age|balance|stock|threads|connections)($|[._-])/i;

/** What was spent adds up, as what is counted does. */
const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf("currency"));

/** How a metric is summed up at first sight: what counts things adds up, what measures something has a mean. */
export function usualAggregate({ name, unit }: Pick<MetricInfo, "name" | "unit">): Aggregate {
  if (LEVEL.test(name)) return "avg";
  if (unit !== null && CURRENCIES.has(unit)) return "sum";
  if (unit !== null && unit !== "" && unit !== "1") return COUNTED.test(unit) && !MEASURES.test(unit) ? "sum" : "avg";
  return COUNTING.test(name) ? "sum" : "avg";
}

// From an hour on, whole hours: those are read from the hourly rollup, a few rows for each metric.
const GLANCE_STEPS = [60, 300, 600, 3_600, 3 * 3_600, 12 * 3_600, 86_400, 2 * 86_400, 7 * 86_400];
const GLANCE_POINTS = 60;

/** The step of a chart as small as a card. */
export function glanceStep(from: number, to: number): number {
  const least = (to - from) / 1000 / GLANCE_POINTS;
  return GLANCE_STEPS.find((step) => step >= least) ?? Math.ceil(least / 86_400) * 86_400;
}

/** As many metrics as one request may ask for. */
export const GLANCE_BATCH = 20;

export function inBatches<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  for (let at = 0; at < items.length; at += size) batches.push(items.slice(at, at + size));
  return batches;
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

/** Such a value of a step that goes on is smaller than it will be; means and percentiles are what they are. */
export function addsUp(aggregate: Aggregate): boolean {
  return aggregate === "sum" || aggregate === "count" || aggregate === "rate";
}

/** Where the last step of a chart begins, when it is not over: steps are multiples of themselves since 1970. */
export function openStep(to: number, stepMs: number, now: number): number | null {
  const last = Math.floor((to - 1) / stepMs) * stepMs;
  return last + stepMs > now ? last : null;
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
