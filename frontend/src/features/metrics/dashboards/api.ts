import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { metricKeys } from "@/features/metrics/api/metrics";
import { bottomOf } from "@/features/metrics/dashboards/grid";
import { chartOf, documentOf, freeId, type Chosen } from "@/features/metrics/dashboards/model";
import { panelOf, type PanelDraft } from "@/features/metrics/dashboards/panel-draft";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { rangeKey, resolveRange, type RangeSearch } from "@/lib/time";
import type { Dashboard, DashboardDocument, DashboardPanel, DashboardRow, EventsPanel, LogsPanel, RunsPanel } from "@/schema/wire/dashboards";
import type { DeploymentRow } from "@/schema/wire/deployments";
import type { LogSearchPage, RunHistogram, RunRow } from "@/schema/wire/runs";
import type { EventHistogram, EventItem, PanelsAnswer } from "@/schema/wire/telemetry";

export const dashboardKeys = {
  all: (workspace: string) => [...metricKeys.all(workspace), "dashboards"] as const,
  list: (workspace: string) => [...dashboardKeys.all(workspace), "list"] as const,
  one: (workspace: string, id: string) => [...dashboardKeys.all(workspace), "one", id] as const,
  panel: (workspace: string, range: RangeSearch, panel: unknown) => [...dashboardKeys.all(workspace), "panel", rangeKey(range), panel] as const,
};

const MOST = 100;
const ROWS = 20;
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

/** All panels of metrics in one request; by id what came of each. */
export function panelsQuery(workspace: string, range: RangeSearch, panels: readonly DashboardPanel[], chosen: Chosen) {
  const asked = panels.flatMap((panel) => {
    const chart = chartOf(panel, chosen);
    return chart === null ? [] : [{ id: panel.id, chart }];
  });
  return queryOptions({
    queryKey: dashboardKeys.panel(workspace, range, asked),
    queryFn: async ({ signal }) => {
      const span = resolveRange(range, Date.now());
      const body = { charts: asked.map(({ chart }) => chart), ...span, fill: "null" };
      const { charts, ...answer } = await request<PanelsAnswer>(workspaceUrl(workspace, "/metrics/charts"), { method: "POST", signal, body });
      return { ...answer, ...span, found: new Map(charts.map((chart, place) => [asked[place]?.id, chart])) };
    },
    enabled: asked.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

export function runsOf(workspace: string, range: RangeSearch, { states }: Pick<RunsPanel, "states">, deployment: string | undefined) {
  return queryOptions({
    queryKey: dashboardKeys.panel(workspace, range, ["runs", states, deployment]),
    queryFn: ({ signal }) => {
      const { from, to } = resolveRange(range, Date.now());
      const query = { state_type: states, deployment_id: deployment, created_after: from, created_before: to, limit: ROWS };
      return request<Page<RunRow>>(workspaceUrl(workspace, "/runs"), { signal, query });
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

export function runCountsOf(workspace: string, range: RangeSearch, { states }: Pick<RunsPanel, "states">, deployment: string | undefined) {
  return queryOptions({
    queryKey: dashboardKeys.panel(workspace, range, ["run counts", states, deployment]),
    queryFn: ({ signal }) => {
      const query = { state_type: states, deployment_id: deployment, ...resolveRange(range, Date.now()) };
      return request<RunHistogram>(workspaceUrl(workspace, "/runs/histogram"), { signal, query });
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

export function eventsOf(workspace: string, range: RangeSearch, { name }: Pick<EventsPanel, "name">) {
  return queryOptions({
    queryKey: dashboardKeys.panel(workspace, range, ["events", name]),
    queryFn: ({ signal }) =>
      request<Page<EventItem>>(workspaceUrl(workspace, "/events"), { signal, query: { name, ...resolveRange(range, Date.now()), limit: ROWS } }),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

export function eventCountsOf(workspace: string, range: RangeSearch, { name }: Pick<EventsPanel, "name">) {
  return queryOptions({
    queryKey: dashboardKeys.panel(workspace, range, ["event counts", name]),
    queryFn: ({ signal }) =>
      request<EventHistogram>(workspaceUrl(workspace, "/events/histogram"), { signal, query: { name, ...resolveRange(range, Date.now()) } }),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

export function linesOf(workspace: string, range: RangeSearch, { q, level }: Pick<LogsPanel, "q" | "level">) {
  return queryOptions({
    queryKey: dashboardKeys.panel(workspace, range, ["logs", q, level]),
    queryFn: ({ signal }) =>
      request<LogSearchPage>(workspaceUrl(workspace, "/logs"), { signal, query: { q, level, ...resolveRange(range, Date.now()), limit: ROWS } }),
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

/** Saves the dashboard as it is now with one more panel, below all others. */
export async function addPanel(workspace: string, id: string, draft: PanelDraft): Promise<Dashboard> {
  const there = await request<Dashboard>(workspaceUrl(workspace, `/dashboards/${id}`));
  const panel = panelOf(draft, { id: freeId(there.panels, draft.kind), x: 0, y: bottomOf(there.panels), w: PANEL_WIDTH, h: PANEL_HEIGHT });
  if (typeof panel === "string") throw new Error(panel);
  return saveDashboard(workspace, id, there.version, { ...documentOf(there), panels: [...there.panels, panel] });
}

export function deleteDashboard(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/dashboards/${id}`), { method: "DELETE" });
}
