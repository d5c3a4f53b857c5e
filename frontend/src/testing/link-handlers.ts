import { http, HttpResponse, type RequestHandler } from "msw";

import { resolveRange } from "@/lib/time";
import { askedPanels } from "@/features/metrics/dashboards/model";
import type { Dashboard, DashboardLink } from "@/schema/wire/dashboards";

import { refusal } from "./answers";
import { makeDashboard } from "./dashboard-handlers";
import type { World } from "./demo/world";
import { answerPanels } from "./panel-handlers";

const W = "*/api/v1/workspaces/:workspace";
export const DEMO_TOKEN = "hws_demo";

/** Links to dashboards, and what somebody sees by the one that there always is. */
export function linkHandlers(world: World, dashboard: Dashboard = makeDashboard()): RequestHandler[] {
  let allowed = false;
  let links: DashboardLink[] = [];
  return [
    http.get(`${W}/dashboards/sharing`, () => HttpResponse.json(sharing(allowed))),
    http.put(`${W}/dashboards/sharing`, async ({ request }) => {
      ({ allowed } = (await request.json()) as { readonly allowed: boolean });
      return HttpResponse.json(sharing(allowed));
    }),
    http.get(`${W}/dashboards/:id/links`, () => HttpResponse.json({ items: links, next_cursor: null })),
    http.post(`${W}/dashboards/:id/links`, async ({ request }) => {
      const now = new Date().toISOString();
      const body = (await request.json()) as Pick<DashboardLink, "version" | "range" | "chosen" | "expires_at">;
      const link = { id: `01a1f0aa-0000-7000-8000-0000000000a${links.length}`, token_start: "hws_4WB0", created_at: now, updated_at: now, created_by: "Ana", ...body };
      links = [link, ...links];
      return HttpResponse.json({ ...link, address: `${window.location.origin}/shared/${DEMO_TOKEN}` }, { status: 201 });
    }),
    http.patch(`${W}/dashboards/:id/links/:link`, async ({ params, request }) => {
      const body = (await request.json()) as Pick<DashboardLink, "version">;
      links = links.map((link) => (link.id === params["link"] ? { ...link, ...body } : link));
      return HttpResponse.json(links.find(({ id }) => id === params["link"]));
    }),
    http.delete(`${W}/dashboards/:id/links/:link`, ({ params }) => {
      links = links.filter(({ id }) => id !== params["link"]);
      return new HttpResponse(null, { status: 204 });
    }),
    http.get("*/api/v1/shared/:token", ({ params }) => {
      if (params["token"] !== DEMO_TOKEN) return refusal(404, "not_found", "This address shows nothing: it is wrong, or was taken back.");
      const { panels: answers, ...shared } = answerPanels(world, { ...resolveRange({ range: dashboard.range }, Date.now()), panels: askedPanels(dashboard.panels) });
      return HttpResponse.json({ ...shared, name: dashboard.name, range: dashboard.range, panels: dashboard.panels, answers });
    }),
  ];
}

function sharing(allowed: boolean) {
  return { allowed, allowed_at: allowed ? new Date().toISOString() : null, allowed_by: allowed ? "Ana" : null };
}
