import { http, HttpResponse, type RequestHandler } from "msw";

import { splitTerms } from "@/lib/query-terms";
import type { EventItem } from "@/schema/wire/telemetry";

import { page } from "./answers";
import { stepFor, type World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";
const FIELDS: Readonly<Record<string, (event: EventItem) => string | null | undefined>> = {
  name: (event) => event.name,
  kind: (event) => event.resource?.kind,
  resource: (event) => event.resource?.name,
  namespace: (event) => event.resource?.namespace,
  source: (event) => event.source,
  run: (event) => event.run_id ?? "none",
};

/** As much of the language as the demo needs; what it doesn't know it refuses with the place, as the server does. */
export function demoSearch(q: string): ((event: EventItem) => boolean) | Response {
  const tests: ((event: EventItem) => boolean)[] = [];
  for (const term of splitTerms(q)) {
    const found = /^(-?)([A-Za-z_][\w.]*):(.+)$/.exec(term);
    if (found === null) {
      const needle = term.replaceAll('"', "").toLowerCase();
      tests.push((event) => JSON.stringify(event).toLowerCase().includes(needle));
      continue;
    }
    const [, sign, key = "", said = ""] = found;
    const values = said.split(",").map((value) => value.replaceAll('"', ""));
    const field = FIELDS[key];
    const read = field ?? (key.startsWith("payload.") ? (event: EventItem) => String(event.payload[key.slice(8)]) : key.startsWith("related") || key === "role" ? undefined : null);
    if (read === null) return unreadable(`There is no filter “${key}”: use name, kind, resource, run, payload.…, or quotes to look for the text.`, q.indexOf(term), key.length);
    const holds = (event: EventItem) =>
      read === undefined
        ? event.related.some((each) => values.some((value) => fits(key === "role" ? each.role : key === "related" ? each.name : each.kind, value)))
        : values.some((value) => fits(read(event), value));
    tests.push((event) => holds(event) !== (sign === "-"));
  }
  return (event) => tests.every((test) => test(event));
}

function fits(actual: string | null | undefined, value: string): boolean {
  if (actual === null || actual === undefined) return false;
  if (value.startsWith(">")) return Number(actual) > Number(value.slice(1));
  if (value.startsWith("<")) return Number(actual) < Number(value.slice(1));
  return value.endsWith("*") ? actual.startsWith(value.slice(0, -1)) : actual === value;
}

function unreadable(message: string, position: number, length: number): Response {
  const fields = { q: [`${message} (character ${position + 1})`] };
  const error = { code: "invalid_request", message, details: { position, length }, fields, retryable: false, request_id: "req_01J9ZK4T8Q" };
  return HttpResponse.json({ error }, { status: 400 });
}

function span(url: URL): { from: number; to: number } {
  const to = Date.parse(url.searchParams.get("to") ?? "") || Date.now();
  return { from: Date.parse(url.searchParams.get("from") ?? "") || to - 86_400_000, to };
}

function matching(world: World, url: URL): readonly EventItem[] | Response {
  const { from, to } = span(url);
  const test = demoSearch(url.searchParams.get("q") ?? "");
  if (test instanceof Response) return test;
  return world.events.filter((event) => Date.parse(event.occurred_at) >= from && Date.parse(event.occurred_at) < to && test(event));
}

/** Searching events. `-payload.x:1` takes too long: it is looked at in part. */
export function eventHandlers(world: World): RequestHandler[] {
  return [
    http.get(`${W}/events/histogram`, ({ request }) => {
      const url = new URL(request.url);
      const { from, to } = span(url);
      const found = matching(world, url);
      if (found instanceof Response) return found;
      const step = stepFor(from, to, 96) * 1000;
      const buckets: { at: string; count: number }[] = [];
      for (let at = Math.floor(from / step) * step; at < to; at += step) buckets.push({ at: new Date(at).toISOString(), count: 0 });
      const names = new Map<string, number>();
      for (const event of found) {
        const bucket = buckets[Math.floor((Date.parse(event.occurred_at) - Date.parse(buckets[0]?.at ?? "")) / step)];
        if (bucket !== undefined) bucket.count += 1;
        names.set(event.name, (names.get(event.name) ?? 0) + 1);
      }
      const top = [...names].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count);
      const counted = url.searchParams.get("q") === "-payload.x:1" ? new Date(from + (to - from) / 3).toISOString() : null;
      return HttpResponse.json({ step_seconds: step / 1000, buckets, names: top, counted_from: counted });
    }),
    http.get(`${W}/events`, async ({ request }) => {
      const url = new URL(request.url);
      const found = matching(world, url);
      if (found instanceof Response) return found;
      const answer = (await page(found, url).json()) as { items: EventItem[]; next_cursor: string | null };
      const isSlow = url.searchParams.get("q") === "-payload.x:1" && answer.next_cursor !== null;
      return HttpResponse.json({ ...answer, searched_to: isSlow ? (answer.items.at(-1)?.occurred_at ?? null) : null });
    }),
  ];
}
