import { queryOptions } from "@tanstack/react-query";

import { accountKeys, accountUrl } from "@/features/account/api/keys";
import { newIdempotencyKey, request } from "@/lib/api-client";
import type { Role, RoleInput, RoleList } from "@/schema/wire/account";

/** All roles with every scope there is: the matrix. */
export function rolesQuery(account: string) {
  return queryOptions({
    queryKey: accountKeys.roles(account),
    queryFn: ({ signal }) => request<RoleList>(accountUrl(account, "/roles"), { signal }),
    staleTime: 60_000,
  });
}

export function createRole(account: string, body: RoleInput): Promise<Role> {
  return request<Role>(accountUrl(account, "/roles"), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}

export function changeRole(account: string, id: string, body: Partial<RoleInput>): Promise<Role> {
  return request<Role>(accountUrl(account, `/roles/${id}`), { method: "PATCH", body });
}

export function deleteRole(account: string, id: string): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/roles/${id}`), { method: "DELETE" });
}
