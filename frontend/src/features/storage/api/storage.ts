import { queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Retention, Storage, StoredKind } from "@/schema/wire/storage";

type Kind = StoredKind["kind"];

export const storageKeys = {
  all: (workspace: string) => ["storage", workspace] as const,
};

export function storageQuery(workspace: string) {
  return queryOptions({
    queryKey: [...storageKeys.all(workspace), "kinds"] as const,
    queryFn: ({ signal }) => request<Storage>(workspaceUrl(workspace, "/storage"), { signal }),
  });
}

/** What another time would drop; nothing is changed. */
export function previewQuery(workspace: string, kind: Kind, days: number | null) {
  return queryOptions({
    queryKey: [...storageKeys.all(workspace), "preview", kind, days] as const,
    queryFn: ({ signal }) => request<Retention>(workspaceUrl(workspace, "/storage/retention"), { method: "PUT", signal, query: { preview: "true" }, body: { kind, days } }),
    retry: false,
  });
}

export function setRetention(workspace: string, kind: Kind, days: number | null): Promise<Retention> {
  return request<Retention>(workspaceUrl(workspace, "/storage/retention"), { method: "PUT", body: { kind, days } });
}
