import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Span } from "@/lib/time";
import type { Touching } from "@/features/world/model";
import type { Alias, Graph, Impact, ResourceDetail, ResourcePage, TouchingRunPage } from "@/schema/wire/world";

export const worldKeys = {
  all: (workspace: string) => ["world", workspace] as const,
};

export interface ResourcesAsked {
  readonly kind?: readonly string[] | undefined;
  readonly q?: string | undefined;
}

export function resourcesQuery(workspace: string, { kind, q }: ResourcesAsked) {
  return infiniteQueryOptions({
    queryKey: [...worldKeys.all(workspace), "list", kind ?? null, q ?? null] as const,
    queryFn: ({ signal, pageParam }) =>
      request<ResourcePage>(workspaceUrl(workspace, "/world/resources"), { signal, query: { cursor: pageParam, limit: 100, kind, q } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export interface GraphAsked {
  readonly focus: string;
  readonly depth: number;
  readonly direction: "up" | "down" | "both";
  readonly columns: boolean;
  readonly queries: boolean;
  /** null: of any time. */
  readonly span: Span | null;
}

export function graphQuery(workspace: string, asked: GraphAsked) {
  const { focus, depth, direction, columns, queries, span } = asked;
  return queryOptions({
    queryKey: [...worldKeys.all(workspace), "graph", focus, depth, direction, columns, queries, span?.from ?? null, span?.to ?? null] as const,
    queryFn: ({ signal }) =>
      request<Graph>(workspaceUrl(workspace, "/world/graph"), {
        signal,
        query: { focus, depth, direction, columns: columns ? true : undefined, kind: queries ? ["query"] : undefined, since: span?.from, until: span?.to },
      }),
    placeholderData: keepPreviousData,
  });
}

export function resourceQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: [...worldKeys.all(workspace), "resource", id] as const,
    queryFn: ({ signal }) => request<ResourceDetail>(workspaceUrl(workspace, `/world/resources/${id}`), { signal }),
  });
}

const TOUCHING_RUNS = 10; // of one page: a list among others

export function touchingRunsQuery(workspace: string, id: string, role: Touching | undefined) {
  return infiniteQueryOptions({
    queryKey: [...worldKeys.all(workspace), "runs", id, role ?? null] as const,
    queryFn: ({ signal, pageParam }) =>
      request<TouchingRunPage>(workspaceUrl(workspace, `/world/resources/${id}/runs`), { signal, query: { cursor: pageParam, limit: TOUCHING_RUNS, role } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function impactQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: [...worldKeys.all(workspace), "impact", id] as const,
    queryFn: ({ signal }) => request<Impact>(workspaceUrl(workspace, `/world/resources/${id}/impact`), { signal }),
  });
}

export function makeAlias(workspace: string, alias: string, target: string): Promise<Alias> {
  return request<Alias>(workspaceUrl(workspace, "/world/aliases"), { method: "POST", body: { alias_id: alias, target_id: target } });
}

export function aliasesQuery(workspace: string) {
  return queryOptions({
    queryKey: [...worldKeys.all(workspace), "aliases"] as const,
    queryFn: ({ signal }) =>
      request<{ readonly items: readonly Alias[]; readonly next_cursor: string | null }>(workspaceUrl(workspace, "/world/aliases"), { signal, query: { limit: 500 } }),
  });
}

export function takeAliasBack(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/world/aliases/${id}`), { method: "DELETE" });
}
