import { queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { SavedView, ViewPage } from "@/schema/wire/saved-views";

export const savedViewKeys = {
  all: (workspace: string) => ["saved-views", workspace] as const,
  of: (workspace: string, page: ViewPage) => [...savedViewKeys.all(workspace), page] as const,
};

/** As many as there can be: those of everybody and one's own. */
const MOST = 500;

export function savedViewsQuery(workspace: string, page: ViewPage) {
  return queryOptions({
    queryKey: savedViewKeys.of(workspace, page),
    queryFn: ({ signal }) => request<Page<SavedView>>(workspaceUrl(workspace, "/saved-views"), { signal, query: { page, limit: MOST } }),
  });
}

export type NewView = Pick<SavedView, "page" | "name" | "query" | "is_shared">;

export function createView(workspace: string, body: NewView): Promise<SavedView> {
  return request<SavedView>(workspaceUrl(workspace, "/saved-views"), { method: "POST", body });
}

export function changeView(workspace: string, id: string, body: Partial<Omit<NewView, "page">>): Promise<SavedView> {
  return request<SavedView>(workspaceUrl(workspace, `/saved-views/${id}`), { method: "PATCH", body });
}

export function deleteView(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/saved-views/${id}`), { method: "DELETE" });
}
