import { http, HttpResponse } from "msw";

import type { Dashboard, DashboardDocument, DashboardPanel } from "@/schema/wire/dashboards";

import { page, refusal } from "./answers";

const W = "*/api/v1/workspaces/:workspace";

const PANELS: readonly DashboardPanel[] = [
  { id: "about", kind: "text", x: 0, y: 0, w: 9, h: 3, markdown: "# Loads\n\nWhat the **warehouse** took in. Ask *Ana* about it." },
  { id: "share", kind: "number", title: "Rows now", x: 9, y: 0, w: 3, h: 3, queries: [{ letter: "A", name: "rows_loaded", aggregate: "sum" }], show: "A", compare_seconds: 604_800 },
  {
    id: "rows",
    kind: "chart",
    title: "Rows by table",
    x: 0,
    y: 3,
    w: 6,
    h: 6,
    queries: [{ letter: "A", name: "rows_loaded", aggregate: "sum", group_by: ["table"], where: { table: ["$table"] } }],
  },
  { id: "spread", kind: "heat_map", title: "How long queries take", x: 6, y: 3, w: 6, h: 6, name: "query_duration" },
  { id: "runs", kind: "runs", title: "Runs", x: 0, y: 9, w: 6, h: 4, view: "histogram" },
  { id: "failed", kind: "runs", title: "Runs that failed", x: 6, y: 9, w: 6, h: 4, view: "list", states: ["FAILED", "CRASHED"] },
  { id: "events", kind: "events", title: "What happened", x: 0, y: 13, w: 12, h: 4, view: "list" },
];

export function makeDashboard(part: Partial<Dashboard> = {}): Dashboard {
  const now = new Date().toISOString();
  return {
    id: "01a1f0aa-0000-7000-8000-0000000000d1",
    name: "Loads",
    range: "24h",
    variables: [{ name: "table", kind: "label", metric: "rows_loaded", label: "table", title: "Table" }],
    panels: PANELS,
    panel_count: PANELS.length,
    version: 3,
    created_at: now,
    updated_at: now,
    updated_by: "Ana",
    ...part,
  };
}

/** Dashboards as the server keeps them: what is saved is there, and not over another version. */
export function dashboardHandlers(first: readonly Dashboard[] = [makeDashboard()]) {
  let all = [...first];
  const one = (id: unknown) => all.find((each) => each.id === id);
  const gone = () => refusal(404, "not_found", "There is no such dashboard in this workspace.");
  return [
    http.get(`${W}/dashboards`, ({ request }) => page(all, new URL(request.url))),
    http.post(`${W}/dashboards`, async ({ request }) => {
      const body = (await request.json()) as Partial<DashboardDocument> & { readonly name: string };
      const clash = (body.panels ?? []).findIndex(({ id }, at) => (body.panels ?? []).findIndex((each) => each.id === id) !== at);
      if (clash >= 0) return refusal(400, "invalid_request", "The dashboard cannot be drawn.", { [`panels.${clash}.id`]: ["Another panel has this id."] });
      const made = makeDashboard({ variables: [], panels: [], range: "24h", ...body, id: `01a1f0aa-0000-7000-8000-0000000000e${all.length}`, version: 1, panel_count: body.panels?.length ?? 0 });
      all = [...all, made];
      return HttpResponse.json(made, { status: 201 });
    }),
    http.get(`${W}/dashboards/:id`, ({ params }) => {
      const found = one(params["id"]);
      return found === undefined ? gone() : HttpResponse.json(found);
    }),
    http.patch(`${W}/dashboards/:id`, async ({ params, request }) => {
      const found = one(params["id"]);
      if (found === undefined) return gone();
      const { version, ...body } = (await request.json()) as Partial<DashboardDocument> & { readonly version: number };
      if (version !== found.version) return refusal(409, "dashboard_changed", "The dashboard was saved by somebody else meanwhile.");
      const saved = { ...found, ...body, version: version + 1, panel_count: body.panels?.length ?? found.panel_count };
      all = all.map((each) => (each.id === found.id ? saved : each));
      return HttpResponse.json(saved);
    }),
    http.delete(`${W}/dashboards/:id`, ({ params }) => {
      all = all.filter(({ id }) => id !== params["id"]);
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
