import { queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Member, WorkspaceDetail } from "@/schema/wire/settings";

export const settingsKeys = {
  all: (workspace: string) => ["settings", workspace] as const,
  workspace: (workspace: string) => [...settingsKeys.all(workspace), "workspace"] as const,
  members: (workspace: string) => [...settingsKeys.all(workspace), "members"] as const,
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
    queryFn: ({ signal }) => request<Page<Member>>(workspaceUrl(workspace, "/members"), { signal, query: { kind: "member", limit: 500 } }),
  });
}

export function renameWorkspace(workspace: string, name: string): Promise<WorkspaceDetail> {
  return request<WorkspaceDetail>(workspaceUrl(workspace), { method: "PATCH", body: { name } });
}
