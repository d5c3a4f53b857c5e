import { queryOptions } from "@tanstack/react-query";

import { dashboardKeys } from "@/features/metrics/dashboards/api";
import { byPanel } from "@/features/metrics/dashboards/answers";
import type { Chosen } from "@/features/metrics/dashboards/variables";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { DashboardLink, DashboardRange, DashboardSharing, NewDashboardLink, SharedDashboard } from "@/schema/wire/dashboards";

export const linkKeys = {
  sharing: (workspace: string) => [...dashboardKeys.all(workspace), "sharing"] as const,
  of: (workspace: string, dashboard: string) => [...dashboardKeys.all(workspace), "links", dashboard] as const,
  shared: (token: string) => ["shared", token] as const,
};

export function sharingQuery(workspace: string) {
  return queryOptions({
    queryKey: linkKeys.sharing(workspace),
    queryFn: ({ signal }) => request<DashboardSharing>(workspaceUrl(workspace, "/dashboards/sharing"), { signal }),
  });
}

export function allowSharing(workspace: string, allowed: boolean): Promise<DashboardSharing> {
  return request<DashboardSharing>(workspaceUrl(workspace, "/dashboards/sharing"), { method: "PUT", body: { allowed } });
}

export function linksQuery(workspace: string, dashboard: string) {
  return queryOptions({
    queryKey: linkKeys.of(workspace, dashboard),
    queryFn: ({ signal }) => request<Page<DashboardLink>>(workspaceUrl(workspace, `/dashboards/${dashboard}/links`), { signal }),
  });
}

export interface Shown {
  readonly version: number;
  readonly range?: DashboardRange;
  readonly chosen?: Chosen;
  readonly expires_at?: string | null;
}

export function createLink(workspace: string, dashboard: string, body: Shown): Promise<NewDashboardLink> {
  return request<NewDashboardLink>(workspaceUrl(workspace, `/dashboards/${dashboard}/links`), { method: "POST", body });
}

export function changeLink(workspace: string, dashboard: string, id: string, body: Shown): Promise<DashboardLink> {
  return request<DashboardLink>(workspaceUrl(workspace, `/dashboards/${dashboard}/links/${id}`), { method: "PATCH", body });
}

export function revokeLink(workspace: string, dashboard: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/dashboards/${dashboard}/links/${id}`), { method: "DELETE" });
}

const REFRESH_MS = 60_000;

/** Everything that a link shows, in one request. */
export function sharedQuery(token: string) {
  return queryOptions({
    queryKey: linkKeys.shared(token),
    queryFn: async ({ signal }) => {
      const { panels, answers, ...shared } = await request<SharedDashboard>(`/api/v1/shared/${encodeURIComponent(token)}`, { signal });
      const { name, range, ...times } = shared;
      return { name, range, panels, asked: { data: byPanel({ ...times, panels: answers }), error: null } };
    },
    refetchInterval: REFRESH_MS,
    retry: false,
  });
}
