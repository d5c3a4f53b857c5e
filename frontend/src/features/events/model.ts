import { textOf } from "@/lib/search-params";
import { hasTerm, termOf, withTerm } from "@/lib/query-terms";
import { parseRange, resolveRange, type RangeSearch } from "@/lib/time";
import { formatRough } from "@/lib/units";
import type { EventHistogram, EventItem } from "@/schema/wire/telemetry";

export interface EventsSearch extends RangeSearch {
  /** What is looked for, in the language that the server reads. */
  readonly q?: string | undefined;
  /** Bars are counted as far as time allows, and not estimated. */
  readonly exact?: true | undefined;
  /** The expanded row. */
  readonly event?: string | undefined;
  /** The resource that the drawer shows. */
  readonly about_kind?: string | undefined;
  readonly about_name?: string | undefined;
  readonly about_namespace?: string | undefined;
}

export interface ResourceAsked {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | null;
}

/** Addresses that were shared before there was a language: each parameter is a term of it. */
const SHORTHANDS = { name: "name", resource_kind: "kind", resource_name: "resource", run_id: "run" } as const;
/** What was made a term is gone from the address: left there, it would come back. */
const FOLDED = { name: undefined, resource_kind: undefined, resource_name: undefined, run_id: undefined };

export function parseEventsSearch(search: Record<string, unknown>): EventsSearch {
  const terms = Object.entries(SHORTHANDS).flatMap(([parameter, key]) => {
    const value = textOf(search[parameter]);
    return value === undefined ? [] : [termOf(key, value, { prefix: parameter === "name" })];
  });
  const q = terms.reduce(withTerm, textOf(search["q"]) ?? "").trim();
  return {
    ...FOLDED,
    ...parseRange(search),
    q: q === "" ? undefined : q,
    exact: search["exact"] === true || search["exact"] === "true" ? true : undefined,
    event: textOf(search["event"]),
    about_kind: textOf(search["about_kind"]),
    about_name: textOf(search["about_name"]),
    about_namespace: textOf(search["about_namespace"]),
  };
}

export function aboutOf(search: EventsSearch): ResourceAsked | null {
  const { about_kind: kind, about_name: name, about_namespace: namespace } = search;
  return kind === undefined || name === undefined ? null : { kind, name, namespace: namespace ?? null };
}

export function asAbout(resource: ResourceAsked | null): Pick<EventsSearch, "about_kind" | "about_name" | "about_namespace"> {
  return { about_kind: resource?.kind, about_name: resource?.name, about_namespace: resource?.namespace ?? undefined };
}

/** The terms that find the events about a resource. */
export function aboutTerms({ kind, name }: ResourceAsked): string {
  return `${termOf("kind", kind)} ${termOf("resource", name)}`;
}

/** The terms that find the events which a resource took part in. */
export function relatedTerms({ kind, name }: ResourceAsked): string {
  return `${termOf("related.kind", kind)} ${termOf("related", name)}`;
}

/** The terms that find events like this one: of its name, about the same. Runs come once, and what is like them does not. */
export function likeTerms({ name, resource }: Pick<EventItem, "name" | "resource">): string {
  const of = termOf("name", name);
  if (resource === null || resource.kind === "run") return of;
  const place = resource.namespace === null ? "" : ` ${termOf("namespace", resource.namespace)}`;
  return `${of} ${aboutTerms(resource)}${place}`;
}

export function eventFilters(search: EventsSearch): Readonly<Record<string, string | undefined>> {
  return { q: search.q };
}

/** The server narrows the tail; only the end of the range is for the page to mind. */
export function isInRange(event: EventItem, search: EventsSearch, now: number): boolean {
  return search.to === undefined || event.occurred_at < resolveRange(search, now).to;
}

/** Whether the query asks for this name and no other. */
export function asksForName(q: string | undefined, name: string): boolean {
  return hasTerm(q ?? "", termOf("name", name));
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

type Sample = NonNullable<EventHistogram["sample"]>;

/** What the estimate rests on, and how far off it may be. */
export function sampleWords({ examined, of, low, high }: Sample): string {
  const [least, most] = [formatRough(low), formatRough(high)];
  return `estimated from ${formatRough(examined)} of their ${formatRough(of)} events; all bars hold ${least === most ? `about ${least}` : `${least} to ${most}`}`;
}

/** What may be there without being seen. */
export function rarityWords({ one_in: oneIn }: Sample): string {
  return oneIn > 1 ? `Things rarer than about 1 in ${formatRough(oneIn)} may not show.` : "Rare things may not show.";
}
