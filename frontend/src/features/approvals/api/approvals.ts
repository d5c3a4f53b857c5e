import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import type { ApprovalsSearch } from "@/features/approvals/model";
import { newIdempotencyKey, request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Approval, ApprovalAnswer } from "@/schema/wire/approvals";

export const approvalKeys = {
  all: (workspace: string) => ["approvals", workspace] as const,
  list: (workspace: string, search: ApprovalsSearch) => [...approvalKeys.all(workspace), "list", search.state ?? "open"] as const,
  open: (workspace: string) => [...approvalKeys.all(workspace), "open"] as const,
};

const PAGE_SIZE = 50;
const REFRESH_MS = 15_000;
const STATES = { open: "OPEN", approved: "APPROVED", rejected: "REJECTED", expired: "EXPIRED", withdrawn: "WITHDRAWN", all: undefined } as const;

export function approvalsQuery(workspace: string, search: ApprovalsSearch) {
  return infiniteQueryOptions({
    queryKey: approvalKeys.list(workspace, search),
    queryFn: ({ pageParam, signal }) =>
      request<Page<Approval>>(workspaceUrl(workspace, "/approvals"), { signal, query: { state: STATES[search.state ?? "open"], limit: PAGE_SIZE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

const MOST_COUNTED = 100;
const COUNT_MS = 60_000;

/** What waits for an answer, for the number at the way there. */
export function openApprovalsQuery(workspace: string) {
  return queryOptions({
    queryKey: approvalKeys.open(workspace),
    queryFn: ({ signal }) => request<Page<Approval>>(workspaceUrl(workspace, "/approvals"), { signal, query: { state: "OPEN", limit: MOST_COUNTED } }),
    refetchInterval: COUNT_MS,
    staleTime: COUNT_MS / 4,
    retry: false, // a number that is not there bothers nobody
  });
}

/** The same on the inbox itself, where it stands over the list: as fresh as that is. */
export function inboxCountQuery(workspace: string) {
  return { ...openApprovalsQuery(workspace), staleTime: 0, refetchInterval: REFRESH_MS };
}

export function answerApproval(workspace: string, id: string, body: ApprovalAnswer): Promise<Approval> {
  return request<Approval>(workspaceUrl(workspace, `/approvals/${id}/answer`), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}
