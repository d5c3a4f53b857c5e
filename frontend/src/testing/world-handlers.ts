import { http, HttpResponse } from "msw";

import type { RunRow } from "@/schema/wire/runs";
import type { Graph, ResourceDetail, TouchingRun, WorldResource } from "@/schema/wire/world";

import { refusal } from "./answers";
import { demoId, iso } from "./demo/random";

const W = "*/api/v1/workspaces/:workspace";
const AT = Date.parse("2026-11-02T08:00:00Z");
const HOUR_MS = 3_600_000;
const NS = "postgres://db.acme.example";

function thing(number: number, kind: string, label: string, count = 10): WorldResource {
  return { id: demoId(AT, 800 + number), kind, namespace: kind === "table" ? NS : "", name: label, label, first_seen: iso(AT), last_seen: iso(AT + 3_600_000), count };
}

export const things = {
  raw: thing(1, "table", "shop.raw.orders", 30),
  load: thing(2, "deployment", "load-orders/nightly"),
  orders: thing(3, "table", "shop.public.orders", 90),
  maria: thing(4, "user", "maria@acme.example"),
  report: thing(5, "dashboard", "Sales"),
  late: thing(6, "table", "shop.public.late_orders"),
  old: thing(7, "table", "shop.public.orders_old"),
};

function linked(source: WorldResource, target: WorldResource, role: string) {
  return { source_id: source.id, target_id: target.id, role, flows: true, first_seen: iso(AT), last_seen: iso(AT), count: 3 };
}

function graphAround(focus: string): Graph {
  const at = (resource: WorldResource, level: number, more_down = 0) => ({ ...resource, level, more_up: 0, more_down });
  if (focus === things.maria.id) return { focus_id: focus, nodes: [at(things.maria, 0), at(things.late, -1)], lines: [linked(things.late, things.maria, "reads")], truncated: false };
  return {
    focus_id: things.orders.id,
    nodes: [at(things.raw, -2), at(things.load, -1), at(things.orders, 0), at(things.maria, 1, 2), at(things.report, 1)],
    lines: [linked(things.raw, things.load, "reads"), linked(things.load, things.orders, "writes"), linked(things.orders, things.maria, "reads"), linked(things.orders, things.report, "reads")],
    truncated: false,
  };
}

const NOBODY = { items: [], total: 0 };

function detail(resource: WorldResource, aliasOf: WorldResource | null, touched: readonly TouchingRun[]): ResourceDetail {
  const isTable = resource.kind === "table";
  const last = (role: string) => touched.find((each) => each.roles.includes(role))?.last_seen ?? (isTable ? iso(AT) : null);
  const near = (other: WorldResource, role: string) => ({ resource: other, role, first_seen: iso(AT), last_seen: iso(AT), count: 4, text: null });
  return {
    resource,
    alias_of: aliasOf,
    aliases: [],
    description: null,
    text: null,
    dialect: null,
    location: isTable ? "s3://lake/warehouse/orders" : null,
    checks: isTable ? [{ assertion: "not_null", column: "id", ok: false }] : [],
    checked_at: isTable ? iso(AT) : null,
    columns: isTable ? [{ name: "id", type: "int" }] : [],
    schema_changes: isTable ? [{ at: iso(AT), added: ["day"], removed: ["month"], retyped: [], breaks_readers: true }] : [],
    readings: [],
    written_at: last("writes"),
    read_at: last("reads"),
    readers: isTable ? { items: [near(things.maria, "reads")], total: 7 } : NOBODY,
    // Late orders come from somebody who does not say who they are.
    writers: isTable && resource.id !== things.late.id ? { items: [near(things.load, "writes")], total: 1 } : NOBODY,
    queries: NOBODY,
    sources: isTable ? NOBODY : { items: [near(things.orders, "reads")], total: 1 },
    users_of: NOBODY,
    owners: NOBODY,
    parts: NOBODY,
    others: NOBODY,
  };
}

const GONE = demoId(AT, 950);

/** The nightly loads wrote it, a report read it, and the oldest of them is no longer kept. */
function touching(runs: readonly RunRow[]): readonly TouchingRun[] {
  const rows = runs
    .filter((run) => run.started_at !== null && run.deployment !== null)
    .slice(0, 23)
    .map((run, number) => ({
      run_id: run.id,
      run,
      roles: number % 4 === 1 ? ["reads"] : number % 4 === 2 ? ["reads", "writes"] : ["writes"],
      first_seen: run.started_at ?? run.created_at,
      last_seen: run.ended_at ?? run.started_at ?? run.created_at,
      count: 1 + (number % 3),
    }));
  const gone = { run_id: GONE, run: null, roles: ["writes"], first_seen: iso(AT), last_seen: iso(AT), count: 1 };
  return [...rows, gone].sort((a, b) => Date.parse(b.last_seen) - Date.parse(a.last_seen));
}

export function worldHandlers(runs: readonly RunRow[]) {
  const joined = new Map<string, string>();
  // A deployment of the demo, so that the way to its page leads somewhere.
  const load = { ...things.load, name: runs.find((run) => run.deployment !== null)?.deployment?.id ?? things.load.name };
  const find = (id: unknown) => Object.values({ ...things, load }).find((each) => each.id === id);
  return [
    http.get(`${W}/world/resources`, ({ params, request }) => {
      if (params["workspace"] === "fresh") return HttpResponse.json({ items: [], next_cursor: null, kinds: {} });
      const query = new URL(request.url).searchParams;
      const kinds = query.getAll("kind");
      const q = query.get("q") ?? "";
      const items = Object.values(things)
        .filter((each) => (kinds.length === 0 || kinds.includes(each.kind)) && each.label.includes(q))
        .map((each) => ({ ...each, alias_of: joined.get(each.id) ?? null }));
      return HttpResponse.json({ items, next_cursor: null, kinds: { dashboard: 1, deployment: 1, table: 4, user: 1 } });
    }),
    http.get(`${W}/world/resources/:id`, ({ params }) => {
      const found = find(params["id"]);
      return found === undefined ? refusal(404, "not_found", "There is no such resource in this workspace.") : HttpResponse.json(detail(found, find(joined.get(found.id)) ?? null, found.id === things.orders.id ? touching(runs) : []));
    }),
    http.get(`${W}/world/resources/:id/runs`, ({ params, request }) => {
      const query = new URL(request.url).searchParams;
      const role = query.get("role");
      const from = Number(query.get("cursor") ?? 0);
      const limit = Number(query.get("limit"));
      const found = params["id"] === things.orders.id ? touching(runs).flatMap((each) => (role === null ? [each] : each.roles.includes(role) ? [{ ...each, roles: [role] }] : [])) : [];
      return HttpResponse.json({ items: found.slice(from, from + limit), next_cursor: from + limit < found.length ? String(from + limit) : null });
    }),
    http.get(`${W}/world/resources/:id/impact`, () =>
      HttpResponse.json({ affected: [{ resource: things.report, distance: 1, through_id: things.orders.id }], counts: { dashboard: 1 }, owners: [], truncated: false }),
    ),
    http.get(`${W}/world/graph`, ({ request }) => HttpResponse.json(graphAround(new URL(request.url).searchParams.get("focus") ?? ""))),
    http.get(`${W}/world/aliases`, () =>
      HttpResponse.json({ items: [...joined].map(([alias, target], number) => ({ id: demoId(AT, 900 + number), alias: find(alias), target: find(target), created_at: iso(AT), created_by: null })), next_cursor: null }),
    ),
    http.post(`${W}/world/aliases`, async ({ request }) => {
      const body = (await request.json()) as { alias_id: string; target_id: string };
      joined.set(body.alias_id, body.target_id);
      return HttpResponse.json({ id: demoId(AT, 900), alias: find(body.alias_id), target: find(body.target_id), created_at: iso(AT), created_by: null }, { status: 201 });
    }),
    http.delete(`${W}/world/aliases/:id`, () => {
      joined.clear();
      return new HttpResponse(null, { status: 204 });
    }),
    http.get(`${W}/runs/:id/around`, ({ params, request }) => {
      const run = runs.find((each) => each.id === params["id"]);
      const until = run?.ended_at ? Date.parse(run.ended_at) : AT + 6 * HOUR_MS;
      const since = iso(until - Number(new URL(request.url).searchParams.get("hours")) * HOUR_MS);
      return HttpResponse.json({
        since,
        until: iso(until),
        back_to: since,
        by_habit: false,
        nearby: [{ id: things.orders.id, kind: "table", label: things.orders.label, distance: 0, roles: ["reads"] }],
        items: [
          { kind: "schema", at: iso(until - HOUR_MS / 2), title: "Columns of shop.public.orders changed: month was removed", why: ["queries that worked before may fail", "30 min before"], score: 0.7, count: 1, distance: 0, resource_id: things.orders.id, resource: things.orders.label, event_id: null, event_name: "", run_id: null },
          { kind: "query", at: iso(until - HOUR_MS / 2), title: "ALTER TABLE orders DROP COLUMN month", why: ["somebody else’s ALTER", "by maria", "30 min before"], score: 0.4, count: 2, distance: 0, resource_id: null, resource: "", event_id: demoId(AT, 951), event_name: "query.executed", run_id: null },
        ],
      });
    }),
    http.get(`${W}/runs/:id/impact`, () => HttpResponse.json({ affected: [{ id: things.report.id, kind: "dashboard", label: "Sales", distance: 1 }], owners: ["jonas"], truncated: false })),
  ];
}
