import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { newIdempotencyKey, request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { rangeKey, resolveRange, type RangeSearch } from "@/lib/time";
import type { ManagedTask } from "@/schema/wire/compute";
import type { Agent, Pool, PoolChange, PoolDepth, PoolInput, PoolKind, Queue, QueueChange, QueueInput } from "@/schema/wire/pools";

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

/** What kinds of pools there are, and what may be said of their runs' jobs. */
export function poolKindsQuery(workspace: string) {
  return queryOptions({
    queryKey: [...poolKeys.all(workspace), "kinds"] as const,
    queryFn: ({ signal }) => request<{ items: readonly PoolKind[] }>(workspaceUrl(workspace, "/pool-kinds"), { signal }),
    staleTime: Infinity,
  });
}

const DEPTH_MS = 15_000;

/** How deep the pool's queues were. */
export function depthQuery(workspace: string, pool: string, range: RangeSearch) {
  return queryOptions({
    queryKey: [...poolKeys.all(workspace), "depth", pool, rangeKey(range)] as const,
    queryFn: async ({ signal }) => {
      const { from, to } = resolveRange(range, Date.now());
      const depth = await request<PoolDepth>(workspaceUrl(workspace, `/pools/${pool}/depth`), { signal, query: { since: from, until: to } });
      return { ...depth, from, to };
    },
    refetchInterval: DEPTH_MS,
    placeholderData: keepPreviousData,
  });
}

export function createPool(workspace: string, body: PoolInput): Promise<Pool> {
  return request<Pool>(workspaceUrl(workspace, "/pools"), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}

export function changePool(workspace: string, id: string, body: PoolChange): Promise<Pool> {
  return request<Pool>(workspaceUrl(workspace, `/pools/${id}`), { method: "PATCH", body });
}

const queuesUrl = (workspace: string, pool: string, queue = "") => workspaceUrl(workspace, `/pools/${pool}/queues${queue === "" ? "" : `/${queue}`}`);

export function createQueue(workspace: string, pool: string, body: QueueInput): Promise<Queue> {
  return request<Queue>(queuesUrl(workspace, pool), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}

export function changeQueue(workspace: string, pool: string, queue: string, body: QueueChange): Promise<Queue> {
  return request<Queue>(queuesUrl(workspace, pool, queue), { method: "PATCH", body });
}

export function deleteQueue(workspace: string, pool: string, queue: string): Promise<null> {
  return request<null>(queuesUrl(workspace, pool, queue), { method: "DELETE" });
}

/** Drained, an agent finishes what it has and gets nothing more. */
export function drainAgent(workspace: string, pool: string, agent: string, drain: boolean): Promise<unknown> {
  return request<unknown>(workspaceUrl(workspace, `/pools/${pool}/agents/${agent}/drain`), { method: drain ? "POST" : "DELETE" });
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
