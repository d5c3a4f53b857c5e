import { queryOptions } from "@tanstack/react-query";

import { newIdempotencyKey, request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { ApiKey, CreatedApiKey, Member, WorkspaceDetail } from "@/schema/wire/settings";

export const settingsKeys = {
  all: (workspace: string) => ["settings", workspace] as const,
  workspace: (workspace: string) => [...settingsKeys.all(workspace), "workspace"] as const,
  members: (workspace: string) => [...settingsKeys.all(workspace), "members"] as const,
  keys: (workspace: string) => [...settingsKeys.all(workspace), "keys"] as const,
};

export function workspaceQuery(workspace: string) {
  return queryOptions({
    queryKey: settingsKeys.workspace(workspace),
    queryFn: ({ signal }) => request<WorkspaceDetail>(workspaceUrl(workspace), { signal }),
  });
}

export function membersQuery(workspace: string) {
  return queryOptions({
    queryKey: settingsKeys.members(workspace),
    queryFn: ({ signal }) => request<Page<Member>>(workspaceUrl(workspace, "/members"), { signal }),
  });
}

export function apiKeysQuery(workspace: string) {
  return queryOptions({
    queryKey: settingsKeys.keys(workspace),
    queryFn: ({ signal }) => request<Page<ApiKey>>(workspaceUrl(workspace, "/api-keys"), { signal }),
  });
}

export function renameWorkspace(workspace: string, name: string): Promise<WorkspaceDetail> {
  return request<WorkspaceDetail>(workspaceUrl(workspace), { method: "PATCH", body: { name } });
}

export function changeMember(workspace: string, id: string, role: string): Promise<Member> {
  return request<Member>(workspaceUrl(workspace, `/members/${id}`), { method: "PATCH", body: { role } });
}

export function removeMember(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/members/${id}`), { method: "DELETE" });
}

export interface KeyInput {
  readonly name: string;
  readonly role: string;
  readonly expires_at?: string;
  readonly pool?: string;
}

export function createKey(workspace: string, body: KeyInput): Promise<CreatedApiKey> {
  return request<CreatedApiKey>(workspaceUrl(workspace, "/api-keys"), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}

export function revokeKey(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/api-keys/${id}`), { method: "DELETE" });
}
