import { http, HttpResponse, type RequestHandler } from "msw";

import { splitTerms } from "@/lib/query-terms";
import type { EventHistogram, EventItem } from "@/schema/wire/telemetry";

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
    if (read === null) return unreadable(`There is no filter “${key}”: use name, kind, resource, run, payload.<path>, or quotes to look for the text.`, q.indexOf(term), key.length);
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

type Bucket = { -readonly [key in keyof EventHistogram["buckets"][number]]: EventHistogram["buckets"][number][key] };

/** What the server makes of many: the newest tenth is counted, the rest is estimated. */
function estimated(buckets: readonly Bucket[]): Pick<EventHistogram, "buckets" | "sample"> {
  const marked = buckets.map((bucket, place) => {
    if (place >= buckets.length * 0.9) return bucket;
    const few = Math.ceil(bucket.count * 0.2) + 3;
    return { ...bucket, is_estimate: true, low: Math.max(0, bucket.count - few), high: bucket.count + few };
  });
  const sum = (key: "count" | "low" | "high") => marked.reduce((all, bucket) => all + bucket[key], 0);
  const [total, off] = [sum("count"), Math.ceil(sum("count") * 0.05)];
  return { buckets: marked, sample: { examined: 20_000, of: 50_000_000, low: total - off, high: total + off, one_in: 1_000 } };
}

/** Searching events. `-payload.x:1` takes too long: it is looked at in part. Other paths of the payload are estimated over more than two days. */
export function eventHandlers(world: World): RequestHandler[] {
  return [
    http.get(`${W}/events/histogram`, ({ request }) => {
      const url = new URL(request.url);
      const { from, to } = span(url);
      const found = matching(world, url);
      if (found instanceof Response) return found;
      const step = stepFor(from, to, 96) * 1000;
      const buckets: Bucket[] = [];
      for (let at = Math.floor(from / step) * step; at < to; at += step) buckets.push({ at: new Date(at).toISOString(), count: 0, is_estimate: false, low: 0, high: 0 });
      const names = new Map<string, number>();
      for (const event of found) {
        const bucket = buckets[Math.floor((Date.parse(event.occurred_at) - Date.parse(buckets[0]?.at ?? "")) / step)];
        if (bucket !== undefined) bucket.count += 1;
        names.set(event.name, (names.get(event.name) ?? 0) + 1);
      }
      for (const bucket of buckets) bucket.low = bucket.high = bucket.count;
      const q = url.searchParams.get("q") ?? "";
      const isMuch = q.includes("payload.") && q !== "-payload.x:1" && to - from > 2 * 86_400_000 && url.searchParams.get("exact") !== "true";
      const top = [...names].map(([name, count]) => ({ name, count, is_estimate: isMuch })).sort((a, b) => b.count - a.count);
      const counted = q === "-payload.x:1" ? new Date(from + (to - from) / 3).toISOString() : null;
      return HttpResponse.json({ step_seconds: step / 1000, names: top, counted_from: counted, ...(isMuch ? estimated(buckets) : { buckets, sample: null }) });
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
