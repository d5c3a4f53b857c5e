import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { runKeys } from "@/features/runs/api/keys";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Around, RunImpact } from "@/schema/wire/runs";

const REFRESH_MS = 15_000;

/** What happened around a run; of one that goes on it is asked again, for its "before" moves. */
export function aroundQuery(workspace: string, runId: string, hours: number, going: boolean) {
  return queryOptions({
    queryKey: [...runKeys.run(workspace, runId), "around", hours] as const,
    queryFn: ({ signal }) => request<Around>(workspaceUrl(workspace, `/runs/${runId}/around`), { signal, query: { hours } }),
    placeholderData: keepPreviousData,
    refetchInterval: going ? REFRESH_MS : false,
  });
}

export function runImpactQuery(workspace: string, runId: string) {
  return queryOptions({
    queryKey: [...runKeys.run(workspace, runId), "impact"] as const,
    queryFn: ({ signal }) => request<RunImpact>(workspaceUrl(workspace, `/runs/${runId}/impact`), { signal }),
  });
}
