import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { accountKeys } from "@/features/account/api/keys";
import type { CountedPage } from "@/features/account/api/members";
import type { AccessSearch } from "@/features/account/search";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Assignment, BuiltInRole, ObjectRule, RuleKind, SubjectKind } from "@/schema/wire/account";

/** A role by what names it: one that is built in, or one of the account's own. */
export type RoleChoice = { readonly role: BuiltInRole } | { readonly custom_role_id: string };

const PAGE_SIZE = 100;

export function assignmentsQuery(workspace: string, { kind, q }: AccessSearch) {
  return infiniteQueryOptions({
    queryKey: [...accountKeys.access(workspace), "assignments", { kind, q }],
    queryFn: ({ pageParam, signal }) =>
      request<CountedPage<Assignment>>(workspaceUrl(workspace, "/members"), { signal, query: { kind, q, limit: PAGE_SIZE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

function subject(kind: SubjectKind, id: string): Record<string, string> {
  return { [`${kind}_id`]: id };
}

export function grantRole(workspace: string, kind: SubjectKind, id: string, role: RoleChoice): Promise<Assignment> {
  return request<Assignment>(workspaceUrl(workspace, "/members"), { method: "POST", body: { ...subject(kind, id), ...role } });
}

export function changeGrant(workspace: string, assignment: string, role: RoleChoice): Promise<Assignment> {
  return request<Assignment>(workspaceUrl(workspace, `/members/${assignment}`), { method: "PATCH", body: role });
}

export function takeGrant(workspace: string, assignment: string): Promise<unknown> {
  return request<unknown>(workspaceUrl(workspace, `/members/${assignment}`), { method: "DELETE" });
}

export function rulesQuery(workspace: string, object?: { readonly kind: RuleKind; readonly id: string }) {
  return queryOptions({
    queryKey: [...accountKeys.access(workspace), "rules", object ?? "all"],
    queryFn: ({ signal }) =>
      request<Page<ObjectRule>>(workspaceUrl(workspace, "/rules"), { signal, query: { object_kind: object?.kind, object_id: object?.id, limit: 500 } }),
  });
}

export interface RuleInput {
  readonly objectKind: RuleKind;
  readonly objectId: string;
  readonly scope: string;
  /** Nobody: it is left to owners. */
  readonly named?: { readonly kind: SubjectKind; readonly id: string };
}

export function addRule(workspace: string, rule: RuleInput): Promise<ObjectRule> {
  const body = { object_kind: rule.objectKind, object_id: rule.objectId, scope: rule.scope, ...(rule.named === undefined ? {} : subject(rule.named.kind, rule.named.id)) };
  return request<ObjectRule>(workspaceUrl(workspace, "/rules"), { method: "POST", body });
}

export function dropRule(workspace: string, id: string): Promise<unknown> {
  return request<unknown>(workspaceUrl(workspace, `/rules/${id}`), { method: "DELETE" });
}
