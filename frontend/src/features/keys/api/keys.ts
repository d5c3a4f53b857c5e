import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import type { KeysSearch } from "@/features/keys/model";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { ServiceAccount } from "@/schema/wire/account";
import type { ApiKey, CreatedApiKey, MyApiKey } from "@/schema/wire/keys";

export const keyKeys = {
  all: ["api-keys"] as const,
};

/** Whose keys are listed: a workspace's, one's own everywhere, or a service account's everywhere. */
export type KeySource =
  | { readonly kind: "workspace"; readonly workspace: string }
  | { readonly kind: "mine" }
  | { readonly kind: "service"; readonly account: string; readonly id: string };

const PAGE_SIZE = 100;

function urlOf(source: KeySource): string {
  if (source.kind === "workspace") return workspaceUrl(source.workspace, "/api-keys");
  return source.kind === "mine" ? "/api/v1/me/keys" : `/api/v1/account/${source.account}/service-accounts/${source.id}/keys`;
}

export function keysQuery(source: KeySource, { state, owner, service }: KeysSearch) {
  return infiniteQueryOptions({
    queryKey: [...keyKeys.all, source, { state, owner, service }],
    queryFn: ({ pageParam, signal }) =>
      request<Page<ApiKey & Partial<Pick<MyApiKey, "workspace">>>>(urlOf(source), {
        signal,
        query: { state, owner, service_account: service, limit: PAGE_SIZE, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export interface KeyInput {
  readonly name: string;
  readonly role?: string;
  readonly scopes?: readonly string[];
  readonly expires_at?: string;
  readonly pool?: string;
  readonly service_account_id?: string;
}

export function createKey(workspace: string, body: KeyInput): Promise<CreatedApiKey> {
  return request<CreatedApiKey>(workspaceUrl(workspace, "/api-keys"), { method: "POST", body });
}

export function rotateKey(workspace: string, id: string, overlapSeconds: number): Promise<CreatedApiKey> {
  return request<CreatedApiKey>(workspaceUrl(workspace, `/api-keys/${id}/rotation`), { method: "POST", body: { overlap_seconds: overlapSeconds } });
}

export function revokeKey(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/api-keys/${id}`), { method: "DELETE" });
}

/** Whose keys may be made beside one's own. */
export function holdersQuery(account: string) {
  return queryOptions({
    queryKey: ["account", account, "service-accounts", "choices"],
    queryFn: ({ signal }) => request<Page<ServiceAccount>>(`/api/v1/account/${account}/service-accounts`, { signal, query: { limit: 500 } }),
  });
}
