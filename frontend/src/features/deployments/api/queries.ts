import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Deployment, DeploymentRow, DeploymentVersion, SchedulePreview, SchedulePreviewInput } from "@/schema/wire/deployments";

export const deploymentKeys = {
  all: (workspace: string) => ["deployments", workspace] as const,
  list: (workspace: string) => [...deploymentKeys.all(workspace), "list"] as const,
  one: (workspace: string, id: string) => [...deploymentKeys.all(workspace), "one", id] as const,
};

const MOST = 500;

export function deploymentsQuery(workspace: string) {
  return queryOptions({
    queryKey: deploymentKeys.list(workspace),
    queryFn: ({ signal }) =>
      request<Page<DeploymentRow>>(workspaceUrl(workspace, "/deployments"), { signal, query: { limit: MOST } }),
    refetchInterval: 30_000,
  });
}

export function deploymentQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: deploymentKeys.one(workspace, id),
    queryFn: ({ signal }) => request<Deployment>(workspaceUrl(workspace, `/deployments/${id}`), { signal }),
    refetchInterval: 15_000,
  });
}

export const PREVIEWED = 20;

/** When a schedule would be due next, before it is one. Asked anew as the form changes. */
export function previewQuery(workspace: string, body: SchedulePreviewInput) {
  return queryOptions({
    queryKey: [...deploymentKeys.all(workspace), "preview", body] as const,
    queryFn: ({ signal }) => request<SchedulePreview>(workspaceUrl(workspace, "/schedules/preview"), { method: "POST", body, signal }),
    staleTime: 60_000,
    retry: false,
  });
}

const VERSIONS = 30;

/** What each deploy said, the newest first. */
export function versionsQuery(workspace: string, id: string) {
  return infiniteQueryOptions({
    queryKey: [...deploymentKeys.all(workspace), "versions", id] as const,
    queryFn: ({ signal, pageParam }) =>
      request<Page<DeploymentVersion>>(workspaceUrl(workspace, `/deployments/${id}/versions`), { signal, query: { cursor: pageParam, limit: VERSIONS } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 30_000,
  });
}
