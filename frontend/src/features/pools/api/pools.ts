import { queryOptions } from "@tanstack/react-query";

import { newIdempotencyKey, request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { ManagedTask } from "@/schema/wire/compute";
import type { Agent, Pool } from "@/schema/wire/pools";

export const poolKeys = {
  all: (workspace: string) => ["pools", workspace] as const,
  list: (workspace: string) => [...poolKeys.all(workspace), "list"] as const,
  agents: (workspace: string, pool: string) => [...poolKeys.all(workspace), "agents", pool] as const,
};

const REFRESH_MS = 5_000;

export function poolsQuery(workspace: string) {
  return queryOptions({
    queryKey: poolKeys.list(workspace),
    queryFn: ({ signal }) => request<Page<Pool>>(workspaceUrl(workspace, "/pools"), { signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function agentsQuery(workspace: string, pool: string) {
  return queryOptions({
    queryKey: poolKeys.agents(workspace, pool),
    queryFn: ({ signal }) => request<Page<Agent>>(workspaceUrl(workspace, `/pools/${pool}/agents`), { signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function createPool(workspace: string, name: string): Promise<Pool> {
  return request<Pool>(workspaceUrl(workspace, "/pools"), { method: "POST", body: { name }, idempotencyKey: newIdempotencyKey() });
}

export function pausePool(workspace: string, id: string, paused: boolean): Promise<Pool> {
  return request<Pool>(workspaceUrl(workspace, `/pools/${id}`), { method: "PATCH", body: { paused } });
}

const LATELY = 25;

/** What the managed pools do now and did lately, newest first. */
export function managedTasksQuery(workspace: string) {
  return queryOptions({
    queryKey: [...poolKeys.all(workspace), "tasks"] as const,
    queryFn: ({ signal }) => request<Page<ManagedTask>>(workspaceUrl(workspace, "/compute/tasks"), { signal, query: { limit: LATELY } }),
    refetchInterval: REFRESH_MS,
  });
}
