import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { accountKeys, accountUrl } from "@/features/account/api/keys";
import type { CountedPage } from "@/features/account/api/members";
import { newIdempotencyKey, request } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Team, TeamMember } from "@/schema/wire/account";

const PAGE_SIZE = 100;

export function teamsQuery(account: string, q?: string) {
  return infiniteQueryOptions({
    queryKey: [...accountKeys.teams(account), "list", q ?? ""],
    queryFn: ({ pageParam, signal }) =>
      request<CountedPage<Team>>(accountUrl(account, "/teams"), { signal, query: { q, limit: PAGE_SIZE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** For choosing one. */
export function teamChoicesQuery(account: string) {
  return queryOptions({
    queryKey: [...accountKeys.teams(account), "choices"],
    queryFn: ({ signal }) => request<Page<Team>>(accountUrl(account, "/teams"), { signal, query: { limit: 500 } }),
  });
}

export function teamQuery(account: string, id: string) {
  return queryOptions({
    queryKey: [...accountKeys.teams(account), "one", id],
    queryFn: ({ signal }) => request<Team>(accountUrl(account, `/teams/${id}`), { signal }),
  });
}

export function teamMembersQuery(account: string, id: string) {
  return infiniteQueryOptions({
    queryKey: [...accountKeys.teams(account), "members", id],
    queryFn: ({ pageParam, signal }) =>
      request<CountedPage<TeamMember>>(accountUrl(account, `/teams/${id}/members`), { signal, query: { limit: PAGE_SIZE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
}

export interface TeamInput {
  readonly name: string;
  readonly description: string;
}

export function createTeam(account: string, body: TeamInput): Promise<Team> {
  return request<Team>(accountUrl(account, "/teams"), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}

export function changeTeam(account: string, id: string, body: TeamInput): Promise<Team> {
  return request<Team>(accountUrl(account, `/teams/${id}`), { method: "PATCH", body });
}

export function deleteTeam(account: string, id: string): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/teams/${id}`), { method: "DELETE" });
}

export function joinTeam(account: string, team: string, member: string): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/teams/${team}/members`), { method: "POST", body: { member_id: member } });
}

export function leaveTeam(account: string, team: string, member: string): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/teams/${team}/members/${member}`), { method: "DELETE" });
}
