import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { accountKeys, accountUrl } from "@/features/account/api/keys";
import type { CountedPage } from "@/features/account/api/members";
import { newIdempotencyKey, request } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { ServiceAccount } from "@/schema/wire/account";

const PAGE_SIZE = 100;

export function serviceAccountsQuery(account: string, q?: string) {
  return infiniteQueryOptions({
    queryKey: [...accountKeys.serviceAccounts(account), "list", q ?? ""],
    queryFn: ({ pageParam, signal }) =>
      request<CountedPage<ServiceAccount>>(accountUrl(account, "/service-accounts"), { signal, query: { q, limit: PAGE_SIZE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** For choosing one. */
export function serviceAccountChoicesQuery(account: string) {
  return queryOptions({
    queryKey: [...accountKeys.serviceAccounts(account), "choices"],
    queryFn: ({ signal }) => request<Page<ServiceAccount>>(accountUrl(account, "/service-accounts"), { signal, query: { limit: 500 } }),
  });
}

export function serviceAccountQuery(account: string, id: string) {
  return queryOptions({
    queryKey: [...accountKeys.serviceAccounts(account), "one", id],
    queryFn: ({ signal }) => request<ServiceAccount>(accountUrl(account, `/service-accounts/${id}`), { signal }),
  });
}

export interface ServiceAccountInput {
  readonly name: string;
  readonly description: string;
}

export function createServiceAccount(account: string, body: ServiceAccountInput): Promise<ServiceAccount> {
  return request<ServiceAccount>(accountUrl(account, "/service-accounts"), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}

export function changeServiceAccount(account: string, id: string, body: ServiceAccountInput): Promise<ServiceAccount> {
  return request<ServiceAccount>(accountUrl(account, `/service-accounts/${id}`), { method: "PATCH", body });
}

export function deleteServiceAccount(account: string, id: string): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/service-accounts/${id}`), { method: "DELETE" });
}

export function setDisabled(account: string, id: string, disabled: boolean): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/service-accounts/${id}/disablement`), { method: disabled ? "POST" : "DELETE" });
}
