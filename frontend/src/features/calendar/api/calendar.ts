import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Calendar } from "@/schema/wire/deployments";

/** More times a day than this are told once, not drawn one by one. */
const DENSE_OVER = 12;

export function calendarQuery(workspace: string, since: string, until: string, deployment: string | undefined) {
  return queryOptions({
    queryKey: ["calendar", workspace, since, until, deployment ?? null] as const,
    queryFn: ({ signal }) =>
      request<Calendar>(workspaceUrl(workspace, "/schedules"), { signal, query: { since, until, deployment_id: deployment, dense_over: DENSE_OVER } }),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}
