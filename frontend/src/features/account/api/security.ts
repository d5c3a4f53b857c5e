import { queryOptions } from "@tanstack/react-query";

import { accountKeys, accountUrl } from "@/features/account/api/keys";
import { request } from "@/lib/api-client";
import type { Network, Networks, SecuritySummary } from "@/schema/wire/account";

export function securityQuery(account: string) {
  return queryOptions({
    queryKey: [...accountKeys.security(account), "summary"],
    queryFn: ({ signal }) => request<SecuritySummary>(accountUrl(account, "/security"), { signal }),
  });
}

export function networksQuery(account: string) {
  return queryOptions({
    queryKey: [...accountKeys.security(account), "networks"],
    queryFn: ({ signal }) => request<Networks>(accountUrl(account, "/allowed-networks"), { signal }),
  });
}

export function setRequireMfa(account: string, required: boolean): Promise<unknown> {
  return request<unknown>(accountUrl(account, "/security"), { method: "PATCH", body: { require_mfa: required } });
}

/** What saving them would do, without doing it. */
export function previewNetworks(account: string, items: readonly Network[]): Promise<Networks> {
  return request<Networks>(accountUrl(account, "/allowed-networks"), { method: "PUT", body: items, query: { preview: true } });
}

export function setNetworks(account: string, items: readonly Network[]): Promise<Networks> {
  return request<Networks>(accountUrl(account, "/allowed-networks"), { method: "PUT", body: items });
}
