import { http, HttpResponse, type RequestHandler } from "msw";

import type { Automation, MetricTrigger, Reason, Trigger, WireAction, WireMatcher, WouldFire } from "@/schema/wire/automations";
import type { EventItem } from "@/schema/wire/telemetry";

import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";

interface Body {
  readonly name?: string;
  readonly description?: string;
  readonly trigger?: Trigger;
  readonly actions?: readonly WireAction[];
  readonly paused?: boolean;
  readonly version?: number;
}

/** Automations over the demo's events: rules of one threshold in earnest, of absence as windows over the whole. */
export function automationHandlers(world: World): RequestHandler[] {
  const { automations } = world;
  const gone = () => refusal(404, "not_found", "There is no such automation in this workspace.");
  const find = (id: unknown) => automations.find((each) => each.id === id);
  const row = ({ description: _d, actions: _a, active_since: _s, paused_at: _p, created_by: _c, states: _t, secret: _x, ...rest }: Automation) => rest;
  const fault = (body: Body, own: string | null) => {
    if (automations.some((each) => each.name === body.name && each.id !== own)) {
      return refusal(400, "invalid_request", "There is an automation of this name.", { name: ["Taken by another one."] });
    }
    const fields: Record<string, string[]> = {};
    (body.actions ?? []).forEach((action, place) => {
      if (action.type === "webhook" && !action.url.startsWith("http")) fields[`actions.${place}.url`] = ["Must begin with https:// or http://."];
      if (action.type === "notify" && action.body.includes("{%for")) fields[`actions.${place}.body`] = ["Loops are not allowed."];
    });
    return Object.keys(fields).length === 0 ? null : refusal(400, "invalid_request", "The actions cannot be used.", fields);
  };

  return [
    http.get(`${W}/automations`, ({ request }) => page(automations.map(row), new URL(request.url))),
    http.get(`${W}/firings`, ({ request }) => page(world.firings, new URL(request.url))),
    http.post(`${W}/automations/preview`, async ({ request }) => {
      const body = (await request.json()) as { trigger: Trigger; from: string; to: string };
      const wrong = Object.keys(matcherOf(body.trigger)).find((field) => !/^(name|source|run\.id|task_run\.id|resource\.(kind|name|namespace)|related\..+\.(kind|name|namespace)|payload\..+)$/.test(field));
      if (wrong !== undefined) {
        const place = body.trigger.type === "event" ? "match" : "expect";
        return refusal(400, "invalid_request", "The trigger cannot be used.", { [`trigger.${place}.${wrong}`]: ["Not a field of events."] });
      }
      return HttpResponse.json(preview(world.events, body.trigger, Date.parse(body.from), Date.parse(body.to)));
    }),
    http.post(`${W}/automations`, async ({ request }) => {
      const body = (await request.json()) as Required<Body>;
      const refused = fault(body, null);
      if (refused !== null) return refused;
      const now = Date.now();
      const secret = body.actions.some((action) => action.type === "webhook") ? `whsec_${"T3st".repeat(10)}` : null;
      const made: Automation = { id: demoId(now, 320 + automations.length), name: body.name, description: body.description, sentence: `When ${JSON.stringify(matcherOf(body.trigger))} happens, do it.`, posture: body.trigger.type === "event" ? "reactive" : "proactive", trigger: body.trigger, actions: body.actions, paused: false, paused_at: null, active_since: iso(now), last_fired_at: null, trouble: null, standing: null, states: [], firings_7d: [0, 0, 0, 0, 0, 0, 0], version: 1, created_by: null, created_at: iso(now), updated_at: iso(now), secret: null };
      automations.unshift(made);
      return HttpResponse.json({ ...made, secret }, { status: 201 });
    }),
    http.get(`${W}/automations/:id`, ({ params }) => {
      const found = find(params["id"]);
      return found === undefined ? gone() : HttpResponse.json(found);
    }),
    http.get(`${W}/automations/:id/firings`, ({ params, request }) => page(world.firings.filter((each) => each.automation.id === params["id"]), new URL(request.url))),
    http.patch(`${W}/automations/:id`, async ({ params, request }) => {
      const found = find(params["id"]);
      if (found === undefined) return gone();
      const { version, paused, ...rest } = (await request.json()) as Body;
      if (version !== undefined && version !== found.version) return refusal(409, "automation_changed", "The automation was changed meanwhile.");
      const refused = fault({ ...found, ...rest }, found.id);
      if (refused !== null) return refused;
      const now = paused === undefined ? found.paused : paused;
      const changed: Automation = { ...found, ...rest, paused: now, paused_at: now ? (found.paused_at ?? iso(Date.now())) : null, version: found.version + 1 };
      automations[automations.indexOf(found)] = changed;
      return HttpResponse.json(changed);
    }),
    http.delete(`${W}/automations/:id`, ({ params }) => {
      const found = find(params["id"]);
      if (found === undefined) return gone();
      automations.splice(automations.indexOf(found), 1);
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}

function matcherOf(trigger: Trigger): WireMatcher {
  if (trigger.type === "metric") return {};
  return trigger.type === "event" ? trigger.match : { ...trigger.match, ...trigger.expect };
}

function valueOf(event: EventItem, field: string): string | undefined {
  if (field === "name") return event.name;
  if (field === "source") return event.source;
  if (field.startsWith("resource.")) return event.resource?.[field.slice(9) as "kind" | "name" | "namespace"] ?? undefined;
  const value = event.payload[field.slice(8)];
  return value === undefined || typeof value === "object" ? undefined : String(value);
}

function meets(event: EventItem, matcher: WireMatcher): boolean {
  return Object.entries(matcher).every(([field, patterns]) => {
    const value = valueOf(event, field);
    const fits = (pattern: string) => value !== undefined && (pattern.endsWith("*") ? value.startsWith(pattern.slice(0, -1)) : value === pattern);
    const texts = patterns.map(String);
    const wanted = texts.filter((text) => !text.startsWith("!"));
    return !texts.some((text) => text.startsWith("!") && fits(text.slice(1))) && (wanted.length === 0 || wanted.some(fits));
  });
}

/** One line that rises all the time, looked at a hundred times. */
function metricPreview(trigger: MetricTrigger, from: number, to: number) {
  const points = Array.from({ length: 100 }, (_, place) => [from + ((to - from) * place) / 100, place] as const);
  const crossed = trigger.threshold === null ? undefined : points.find(([, value]) => value > (trigger.threshold ?? 0));
  const reason = (at: number, value: number): Reason => ({ type: "metric", text: `${trigger.metric} was ${value}.`, state: "firing", metric: trigger.metric, aggregate: trigger.aggregate, is: trigger.is, value, threshold: trigger.threshold, series: {}, window: { from: iso(at - 60_000), to: iso(at) }, since: iso(at), count: 1 });
  const fired: WouldFire[] = crossed === undefined ? [] : [{ at: iso(crossed[0]), key: [], reason: reason(...crossed) }];
  return { sentence: "", events: [], total: 0, would_fire: fired, fired: fired.length, cut: false, read_until: iso(to), lines: [{ labels: {}, points, fired: fired.length }], moments: 100 };
}

function preview(all: readonly EventItem[], trigger: Trigger, from: number, to: number) {
  if (trigger.type === "metric") return metricPreview(trigger, from, to);
  const matching = all.filter((event) => Date.parse(event.occurred_at) >= from && Date.parse(event.occurred_at) < to && meets(event, matcherOf(trigger)));
  const fired = trigger.type === "event" ? happened(matching, trigger.threshold, trigger.within_seconds) : missed(matching, trigger.within_seconds, from, to);
  return {
    sentence: "",
    events: matching.slice(0, 20).map(({ id, name, occurred_at, resource, related, payload, run_id, task_run_id, source }) => ({ id, name, occurred_at, resource, related, payload, run_id, task_run_id, source })),
    total: matching.length,
    would_fire: fired.slice(0, 50),
    fired: fired.length,
    cut: false,
    read_until: iso(to),
    lines: [],
    moments: 0,
  };
}

function happened(matching: readonly EventItem[], threshold: number, within: number): WouldFire[] {
  const fired: WouldFire[] = [];
  let kept: EventItem[] = [];
  for (const event of [...matching].reverse()) {
    const at = Date.parse(event.occurred_at);
    kept = [...kept.filter((each) => at - Date.parse(each.occurred_at) <= within * 1000), event];
    if (kept.length < threshold) continue;
    const reason: Reason = { type: "threshold", text: `${event.name} happened ${threshold} times.`, events: kept.map(({ id, occurred_at }) => ({ id, occurred_at })), count: threshold, within_seconds: within };
    fired.unshift({ at: event.occurred_at, key: [], reason });
    kept = [];
  }
  return fired;
}

function missed(matching: readonly EventItem[], within: number, from: number, to: number): WouldFire[] {
  const fired: WouldFire[] = [];
  for (let start = from; start + within * 1000 <= to; start += within * 1000) {
    const end = start + within * 1000;
    if (matching.some((event) => Date.parse(event.occurred_at) > start && Date.parse(event.occurred_at) <= end)) continue;
    const reason: Reason = { type: "absence", text: "It happened not at all.", opened_by: null, window: { from: iso(start), to: iso(end) }, due_at: iso(end), needed: 1, count: 0, seen: [] };
    fired.unshift({ at: iso(end), key: [], reason });
  }
  return fired;
}
