import { textOf } from "@/lib/search-params";
import { parseRange, resolveRange, type RangeSearch } from "@/lib/time";
import type { EventItem } from "@/schema/wire/telemetry";

export interface EventsSearch extends RangeSearch {
  readonly name?: string | undefined;
  readonly resource_kind?: string | undefined;
  readonly resource_name?: string | undefined;
  readonly run_id?: string | undefined;
  readonly q?: string | undefined;
  /** The expanded row. */
  readonly event?: string | undefined;
}

export function parseEventsSearch(search: Record<string, unknown>): EventsSearch {
  return {
    ...parseRange(search),
    name: textOf(search["name"]),
    resource_kind: textOf(search["resource_kind"]),
    resource_name: textOf(search["resource_name"]),
    run_id: textOf(search["run_id"]),
    q: textOf(search["q"]),
    event: textOf(search["event"]),
  };
}

const KEYS = { name: "name", kind: "resource_kind", resource: "resource_name", run: "run_id" } as const;
type QueryFilters = Pick<EventsSearch, "name" | "resource_kind" | "resource_name" | "run_id" | "q">;

/** Reads the query bar: `name:table.* resource:orders late` → filters; words without a key are searched for. */
export function parseQuery(text: string): QueryFilters {
  const filters: { -readonly [K in keyof QueryFilters]: QueryFilters[K] } = {};
  const words: string[] = [];
  for (const match of text.matchAll(/(?:(\w+):)?(?:"([^"]*)"|(\S+))/g)) {
    const value = match[2] ?? match[3] ?? "";
    const key = match[1];
    if (key !== undefined && key in KEYS) filters[KEYS[key as keyof typeof KEYS]] = value;
    else words.push(match[0]);
  }
  if (words.length > 0) filters.q = words.join(" ");
  return filters;
}

/** Writes the filters as a person would have typed them; parseQuery reads it back. */
export function formatQuery(filters: QueryFilters): string {
  const parts = Object.entries(KEYS).flatMap(([key, field]) => {
    const value = filters[field];
    if (value === undefined) return [];
    return [`${key}:${/\s/.test(value) ? `"${value}"` : value}`];
  });
  return [...parts, ...(filters.q === undefined ? [] : [filters.q])].join(" ");
}

export function eventFilters(search: EventsSearch): Readonly<Record<string, string | undefined>> {
  const { name, resource_kind, resource_name, run_id, q } = search;
  return { name, resource_kind, resource_name, run_id, q };
}

/** Whether an event from the live tail belongs to the feed as filtered. */
export function matchesEvent(event: EventItem, search: EventsSearch, now: number): boolean {
  const { name, resource_kind, resource_name, run_id, q } = search;
  if (search.to !== undefined && event.occurred_at >= resolveRange(search, now).to) return false;
  if (name !== undefined && !matchesName(event.name, name)) return false;
  if (resource_kind !== undefined && event.resource?.kind !== resource_kind) return false;
  if (resource_name !== undefined && event.resource?.name !== resource_name) return false;
  if (run_id !== undefined && event.run_id !== run_id) return false;
  return q === undefined || `${event.name} ${JSON.stringify(event.payload)}`.toLowerCase().includes(q.toLowerCase());
}

export function matchesName(name: string, wanted: string): boolean {
  return wanted.endsWith("*") ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
}

/** A run is known by its name, not by its id; everything else is called what it is called. */
export function resourceLabel({ resource, payload }: Pick<EventItem, "resource" | "payload">): string {
  if (resource === null) return "";
  const name = payload["name"];
  return resource.kind === "run" && typeof name === "string" && name !== "" ? name : resource.name;
}

const SHOWN_KEYS = 3;
const LONGEST = 64;

/** The first simple values of a payload: what fits on the row before it is opened. */
export function payloadGlimpse(payload: Readonly<Record<string, unknown>>): string {
  return Object.entries(payload)
    .filter(([, value]) => typeof value !== "object")
    .slice(0, SHOWN_KEYS)
    .map(([key, value]) => `${key}=${shorten(String(value))}`)
    .join("  ");
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
