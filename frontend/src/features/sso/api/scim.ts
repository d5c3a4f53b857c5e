import { queryOptions } from "@tanstack/react-query";

import { request } from "@/lib/api-client";
import type { NewScimToken, ScimSettings } from "@/schema/wire/scim";

const scimUrl = (account: string, rest = "") => `/api/v1/account/${account}/scim${rest}`;
const FRESH_MS = 10_000; // who looks on while a provider is set up wants to see it arrive

export function scimQuery(account: string) {
  return queryOptions({
    queryKey: ["sso", account, "scim"] as const,
    queryFn: ({ signal }) => request<ScimSettings>(scimUrl(account), { signal }),
    staleTime: FRESH_MS,
    refetchInterval: FRESH_MS,
  });
}

/** The secret is in the answer and nowhere else. */
export function createScimToken(account: string): Promise<NewScimToken> {
  return request<NewScimToken>(scimUrl(account), { method: "POST" });
}

export function endScimToken(account: string, id: string): Promise<null> {
  return request<null>(scimUrl(account, `/${id}`), { method: "DELETE" });
}
