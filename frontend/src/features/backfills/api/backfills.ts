import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Backfill, BackfillInput, BackfillPart, BackfillPreview, BackfillRow } from "@/schema/wire/backfills";

const REFRESH_MS = 5_000;

export const backfillKeys = {
  all: (workspace: string) => ["backfills", workspace] as const,
  one: (workspace: string, id: string) => [...backfillKeys.all(workspace), "one", id] as const,
};

export function backfillsQuery(workspace: string, deployment: string | undefined) {
  return infiniteQueryOptions({
    queryKey: [...backfillKeys.all(workspace), "list", deployment ?? null] as const,
    queryFn: ({ signal, pageParam }) =>
      request<Page<BackfillRow>>(workspaceUrl(workspace, "/backfills"), { signal, query: { cursor: pageParam, limit: 50, deployment_id: deployment } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: REFRESH_MS,
  });
}

export function backfillQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: backfillKeys.one(workspace, id),
    queryFn: ({ signal }) => request<Backfill>(workspaceUrl(workspace, `/backfills/${id}`), { signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function partsQuery(workspace: string, id: string, state: string | undefined) {
  return infiniteQueryOptions({
    queryKey: [...backfillKeys.one(workspace, id), "parts", state ?? null] as const,
    queryFn: ({ signal, pageParam }) =>
      request<Page<BackfillPart>>(workspaceUrl(workspace, `/backfills/${id}/parts`), { signal, query: { cursor: pageParam, limit: 100, state } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: REFRESH_MS,
  });
}

export function previewQuery(workspace: string, body: BackfillInput) {
  return queryOptions({
    queryKey: [...backfillKeys.all(workspace), "preview", body] as const,
    queryFn: ({ signal }) => request<BackfillPreview>(workspaceUrl(workspace, "/backfills/preview"), { method: "POST", body, signal }),
    retry: false,
    staleTime: 30_000,
  });
}

export function makeBackfill(workspace: string, body: BackfillInput, idempotencyKey: string): Promise<Backfill> {
  return request<Backfill>(workspaceUrl(workspace, "/backfills"), { method: "POST", body, idempotencyKey });
}

export function pauseBackfill(workspace: string, id: string, paused: boolean): Promise<unknown> {
  return request(workspaceUrl(workspace, `/backfills/${id}/pause`), { method: paused ? "POST" : "DELETE" });
}

export function changeBackfill(workspace: string, id: string, concurrency: number): Promise<Backfill> {
  return request<Backfill>(workspaceUrl(workspace, `/backfills/${id}`), { method: "PATCH", body: { concurrency } });
}

export function cancelBackfill(workspace: string, id: string, running: boolean): Promise<Backfill> {
  return request<Backfill>(workspaceUrl(workspace, `/backfills/${id}/cancellation`), { method: "POST", body: { running } });
}
