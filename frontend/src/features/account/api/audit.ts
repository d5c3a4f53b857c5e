import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { accountKeys, accountUrl } from "@/features/account/api/keys";
import type { AuditSearch } from "@/features/account/search";
import { queryString, request, workspaceUrl } from "@/lib/api-client";
import { ApiError } from "@/lib/errors";
import type { Page } from "@/lib/query-client";
import { resolveRange } from "@/lib/time";
import type { AuditEntry, AuditStream } from "@/schema/wire/account";

const PAGE_SIZE = 100;

/** Whose log is read: an account's whole one, or a workspace's part of it. */
export type AuditSource = { readonly account: string } | { readonly workspace: string };

function urlOf(source: AuditSource, path = ""): string {
  return "account" in source ? accountUrl(source.account, `/audit${path}`) : workspaceUrl(source.workspace, `/audit${path}`);
}

function filters(search: AuditSearch) {
  const { actor, action, kind, object, workspace, q } = search;
  // Without a time the whole log is meant, newest first.
  const span = search.range === undefined && search.from === undefined ? {} : resolveRange(search, Date.now());
  return { actor, action, object_kind: kind, object_id: object, workspace, q, ...span };
}

export function auditQuery(source: AuditSource, search: AuditSearch) {
  const { actor, action, kind, object, workspace, q, range, from, to } = search;
  const owner = "account" in source ? accountKeys.audit(source.account) : accountKeys.audit(source.workspace);
  return infiniteQueryOptions({
    queryKey: [...owner, "list", { actor, action, kind, object, workspace, q, range, from, to }],
    queryFn: ({ pageParam, signal }) =>
      request<Page<AuditEntry>>(urlOf(source), { signal, query: { ...filters(search), limit: PAGE_SIZE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** The file of what the filters show. */
export function auditExportUrl(account: string, search: AuditSearch, format: "csv" | "ndjson"): string {
  return accountUrl(account, `/audit/export${queryString({ ...filters(search), format })}`);
}

/** null when there is none. */
export function auditStreamQuery(account: string) {
  return queryOptions({
    queryKey: [...accountKeys.audit(account), "stream"],
    queryFn: async ({ signal }): Promise<AuditStream | null> => {
      try {
        return await request<AuditStream | null>(accountUrl(account, "/audit/stream"), { signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });
}

export function setAuditStream(account: string, body: { readonly url: string; readonly secret?: string }): Promise<AuditStream> {
  return request<AuditStream>(accountUrl(account, "/audit/stream"), { method: "PUT", body });
}

export function stopAuditStream(account: string): Promise<unknown> {
  return request<unknown>(accountUrl(account, "/audit/stream"), { method: "DELETE" });
}
