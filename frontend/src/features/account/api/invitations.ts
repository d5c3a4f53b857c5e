import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { accountKeys, accountUrl } from "@/features/account/api/keys";
import type { CountedPage } from "@/features/account/api/members";
import type { InvitationsSearch } from "@/features/account/search";
import { newIdempotencyKey, request } from "@/lib/api-client";
import type { Acceptance, Invitation, InvitationInput, InvitationView } from "@/schema/wire/account";

const PAGE_SIZE = 100;

export function invitationsQuery(account: string, { state, q }: InvitationsSearch) {
  return infiniteQueryOptions({
    queryKey: [...accountKeys.invitations(account), { state, q }],
    queryFn: ({ pageParam, signal }) =>
      request<CountedPage<Invitation>>(accountUrl(account, "/invitations"), {
        signal,
        query: { state: state === "all" ? undefined : (state ?? "OPEN"), q, limit: PAGE_SIZE, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function invite(account: string, body: InvitationInput): Promise<Invitation> {
  return request<Invitation>(accountUrl(account, "/invitations"), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}

export function resendInvitation(account: string, id: string): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/invitations/${id}/sending`), { method: "POST" });
}

export function revokeInvitation(account: string, id: string): Promise<unknown> {
  return request<unknown>(accountUrl(account, `/invitations/${id}`), { method: "DELETE" });
}

/** What the link of a mail leads to; anybody may ask who holds it. */
export function invitationViewQuery(token: string) {
  return queryOptions({
    queryKey: ["invitation", token],
    queryFn: ({ signal }) => request<InvitationView>(`/api/v1/invitations/${encodeURIComponent(token)}`, { signal }),
    staleTime: 0,
  });
}

export function acceptInvitation(token: string): Promise<Acceptance> {
  return request<Acceptance>(`/api/v1/invitations/${encodeURIComponent(token)}/acceptance`, { method: "POST" });
}
