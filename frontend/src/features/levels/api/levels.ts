import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Breach, Level, LevelChange, LevelInput } from "@/schema/wire/levels";

const REFRESH_MS = 30_000;
const BREACHES = 20;

export const levelKeys = {
  all: (workspace: string) => ["levels", workspace] as const,
  breaches: (workspace: string, id: string) => [...levelKeys.all(workspace), "breaches", id] as const,
};

/** All that a deployment promises: there are few enough for one page. */
export function levelsQuery(workspace: string, deployment: string) {
  return queryOptions({
    queryKey: [...levelKeys.all(workspace), "list", deployment] as const,
    queryFn: ({ signal }) => request<Page<Level>>(workspaceUrl(workspace, "/service-levels"), { signal, query: { deployment_id: deployment } }),
    refetchInterval: REFRESH_MS,
  });
}

export function breachesQuery(workspace: string, id: string) {
  return infiniteQueryOptions({
    queryKey: levelKeys.breaches(workspace, id),
    queryFn: ({ signal, pageParam }) =>
      request<Page<Breach>>(workspaceUrl(workspace, `/service-levels/${id}/breaches`), { signal, query: { cursor: pageParam, limit: BREACHES } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: REFRESH_MS,
  });
}

export function addLevel(workspace: string, body: LevelInput, idempotencyKey: string): Promise<Level> {
  return request<Level>(workspaceUrl(workspace, "/service-levels"), { method: "POST", body, idempotencyKey });
}

export function changeLevel(workspace: string, id: string, body: LevelChange): Promise<Level> {
  return request<Level>(workspaceUrl(workspace, `/service-levels/${id}`), { method: "PATCH", body });
}

export function deleteLevel(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/service-levels/${id}`), { method: "DELETE" });
}
