import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { accountKeys, accountUrl } from "@/features/account/api/keys";
import type { MembersSearch } from "@/features/account/search";
import { request } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { AccountMember, AccountMemberDetail, AccountRole } from "@/schema/wire/account";

const PAGE_SIZE = 100;
const FOUND_AT_ONCE = 20;

export interface CountedPage<T> extends Page<T> {
  readonly total?: number;
}

export function membersQuery(account: string, search: MembersSearch) {
  const { q, role, team, workspace, state, mfa, unseen } = search;
  const filters = { q, role, team, workspace, state, mfa, unseen_days: unseen };
  return infiniteQueryOptions({
    queryKey: [...accountKeys.members(account), "list", filters],
    queryFn: ({ pageParam, signal }) =>
      request<CountedPage<AccountMember>>(accountUrl(account, "/members"), { signal, query: { ...filters, limit: PAGE_SIZE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** Who is called that, for choosing somebody. */
export function findMembersQuery(account: string, text: string) {
  return queryOptions({
    queryKey: [...accountKeys.members(account), "find", text],
    queryFn: ({ signal }) =>
      request<Page<AccountMember>>(accountUrl(account, "/members"), { signal, query: { q: text, state: "active", limit: FOUND_AT_ONCE } }),
    placeholderData: keepPreviousData,
  });
}

export function memberQuery(account: string, id: string) {
  return queryOptions({
    queryKey: [...accountKeys.members(account), "one", id],
    queryFn: ({ signal }) => request<AccountMemberDetail>(accountUrl(account, `/members/${id}`), { signal }),
  });
}

export function changeAccountRole(account: string, id: string, role: AccountRole): Promise<AccountMember> {
  return request<AccountMember>(accountUrl(account, `/members/${id}`), { method: "PATCH", body: { account_role: role } });
}

export function setDeactivated(account: string, id: string, deactivated: boolean): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/members/${id}/deactivation`), { method: deactivated ? "POST" : "DELETE" });
}

export function removeMember(account: string, id: string): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/members/${id}`), { method: "DELETE" });
}
