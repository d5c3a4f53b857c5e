import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { accountKeys, accountUrl } from "@/features/account/api/keys";
import { newIdempotencyKey, request } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { AccountDetail, AccountWorkspace } from "@/schema/wire/account";

export function accountQuery(account: string) {
  return queryOptions({
    queryKey: accountKeys.detail(account),
    queryFn: ({ signal }) => request<AccountDetail>(accountUrl(account), { signal }),
  });
}

export function renameAccount(account: string, name: string): Promise<AccountDetail> {
  return request<AccountDetail>(accountUrl(account), { method: "PATCH", body: { name } });
}

export function createAccount(name: string): Promise<{ readonly id: string }> {
  return request<{ readonly id: string }>("/api/v1/accounts", { method: "POST", body: { name }, idempotencyKey: newIdempotencyKey() });
}

export function transferOwnership(account: string, member: string): Promise<AccountDetail> {
  return request<AccountDetail>(accountUrl(account, "/ownership"), { method: "POST", body: { member_id: member } });
}

export interface WorkspacesSearch {
  readonly state?: "archived" | undefined;
}

const PAGE_SIZE = 100;

export function accountWorkspacesQuery(account: string, search: WorkspacesSearch = {}) {
  return infiniteQueryOptions({
    queryKey: [...accountKeys.workspaces(account), search.state ?? "active"],
    queryFn: ({ pageParam, signal }) =>
      request<Page<AccountWorkspace>>(accountUrl(account, "/workspaces"), {
        signal,
        query: { state: search.state ?? "active", limit: PAGE_SIZE, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** For choosing one: the first five hundred, which are all in any account seen so far. */
export function workspaceChoicesQuery(account: string) {
  return queryOptions({
    queryKey: [...accountKeys.workspaces(account), "choices"],
    queryFn: ({ signal }) => request<Page<AccountWorkspace>>(accountUrl(account, "/workspaces"), { signal, query: { state: "active", limit: 500 } }),
  });
}
