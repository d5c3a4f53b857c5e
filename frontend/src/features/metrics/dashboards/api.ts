import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { metricKeys } from "@/features/metrics/api/metrics";
import { byPanel } from "@/features/metrics/dashboards/answers";
import { bottomOf } from "@/features/metrics/dashboards/grid";
import { askedPanels, documentOf, freeId } from "@/features/metrics/dashboards/model";
import { panelOf, type PanelDraft } from "@/features/metrics/dashboards/panel-draft";
import type { Chosen } from "@/features/metrics/dashboards/variables";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { rangeKey, resolveRange, type RangeSearch } from "@/lib/time";
import type { AnsweredPanels, Dashboard, DashboardDocument, DashboardPanel, DashboardRow, DashboardVariable } from "@/schema/wire/dashboards";
import type { DeploymentRow } from "@/schema/wire/deployments";

export const dashboardKeys = {
  all: (workspace: string) => [...metricKeys.all(workspace), "dashboards"] as const,
  list: (workspace: string) => [...dashboardKeys.all(workspace), "list"] as const,
  one: (workspace: string, id: string) => [...dashboardKeys.all(workspace), "one", id] as const,
  panels: (workspace: string, range: RangeSearch, asked: unknown) => [...dashboardKeys.all(workspace), "panels", rangeKey(range), asked] as const,
};

const MOST = 100;
const REFRESH_MS = 60_000;

export function dashboardsQuery(workspace: string) {
  return queryOptions({
    queryKey: dashboardKeys.list(workspace),
    queryFn: ({ signal }) => request<Page<DashboardRow>>(workspaceUrl(workspace, "/dashboards"), { signal, query: { limit: MOST } }),
  });
}

export function dashboardQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: dashboardKeys.one(workspace, id),
    queryFn: ({ signal }) => request<Dashboard>(workspaceUrl(workspace, `/dashboards/${id}`), { signal }),
  });
}

/** All panels of a page in one request; by id what came of each. */
export function panelsQuery(workspace: string, range: RangeSearch, panels: readonly DashboardPanel[], variables: readonly DashboardVariable[], chosen: Chosen) {
  const asked = { panels: askedPanels(panels), variables, chosen };
  return queryOptions({
    queryKey: dashboardKeys.panels(workspace, range, asked),
    queryFn: async ({ signal }) => {
      const body = { ...asked, ...resolveRange(range, Date.now()) };
      return byPanel(await request<AnsweredPanels>(workspaceUrl(workspace, "/dashboards/panels"), { method: "POST", signal, body }));
    },
    enabled: asked.panels.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

/** For variables that stand for a deployment. */
export function deploymentNamesQuery(workspace: string) {
  return queryOptions({
    queryKey: [...dashboardKeys.all(workspace), "deployments"] as const,
    queryFn: ({ signal }) => request<Page<DeploymentRow>>(workspaceUrl(workspace, "/deployments"), { signal, query: { limit: 500 } }),
    staleTime: REFRESH_MS,
  });
}

export function createDashboard(workspace: string, body: Partial<DashboardDocument> & { readonly name: string }, idempotencyKey: string): Promise<Dashboard> {
  return request<Dashboard>(workspaceUrl(workspace, "/dashboards"), { method: "POST", body, idempotencyKey });
}

/** `version` is the one that the changes were made of: over another one nothing is saved. */
export function saveDashboard(workspace: string, id: string, version: number, body: DashboardDocument): Promise<Dashboard> {
  return request<Dashboard>(workspaceUrl(workspace, `/dashboards/${id}`), { method: "PATCH", body: { ...body, version } });
}

const PANEL_WIDTH = 6;
const PANEL_HEIGHT = 4;

/** Saves the dashboard as it is now with more panels, below all others and two in a row. */
export async function addPanels(workspace: string, id: string, drafts: readonly PanelDraft[]): Promise<Dashboard> {
  const there = await request<Dashboard>(workspaceUrl(workspace, `/dashboards/${id}`));
  const bottom = bottomOf(there.panels);
  const panels = [...there.panels];
  for (const [place, draft] of drafts.entries()) {
    const [x, y] = [PANEL_WIDTH * (place % 2), bottom + PANEL_HEIGHT * Math.floor(place / 2)];
    const panel = panelOf(draft, { id: freeId(panels, draft.kind), x, y, w: PANEL_WIDTH, h: PANEL_HEIGHT });
    if (typeof panel === "string") throw new Error(panel);
    panels.push(panel);
  }
  return saveDashboard(workspace, id, there.version, { ...documentOf(there), panels });
}

export function deleteDashboard(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/dashboards/${id}`), { method: "DELETE" });
}
