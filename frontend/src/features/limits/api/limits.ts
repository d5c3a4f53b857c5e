import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Limit, LimitInput, Slot } from "@/schema/wire/limits";

export const limitKeys = {
  all: (workspace: string) => ["limits", workspace] as const,
  slots: (workspace: string, id: string) => [...limitKeys.all(workspace), "slots", id] as const,
};

const REFRESH_MS = 5_000;
const HOLDERS = 100;

export function limitsQuery(workspace: string) {
  return infiniteQueryOptions({
    queryKey: [...limitKeys.all(workspace), "list"] as const,
    queryFn: ({ signal, pageParam }) => request<Page<Limit>>(workspaceUrl(workspace, "/limits"), { signal, query: { cursor: pageParam, limit: 100 } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: REFRESH_MS,
  });
}

/** Who has slots of a limit and who stands in line, in the order of coming. */
export function slotsQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: limitKeys.slots(workspace, id),
    queryFn: ({ signal }) => request<Page<Slot>>(workspaceUrl(workspace, `/limits/${id}/slots`), { signal, query: { limit: HOLDERS } }),
    refetchInterval: REFRESH_MS,
  });
}

export function setLimit(workspace: string, limit: LimitInput): Promise<Limit> {
  return request<Limit>(workspaceUrl(workspace, "/limits"), { method: "PUT", body: limit });
}

export function deleteLimit(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/limits/${id}`), { method: "DELETE" });
}
