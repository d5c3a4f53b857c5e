import { queryOptions } from "@tanstack/react-query";

import { accountKeys, accountUrl } from "@/features/account/api/keys";
import { newIdempotencyKey, request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { DataExport } from "@/schema/wire/account";

/** What is archived, exported and deleted in the same way: an account, or a workspace. */
export interface Owned {
  readonly kind: "account" | "workspace";
  readonly id: string;
  readonly name: string;
}

function urlOf({ kind, id }: Owned, path = ""): string {
  return kind === "account" ? accountUrl(id, path) : workspaceUrl(id, path);
}

export function archive(what: Owned): Promise<unknown> {
  return request<unknown>(urlOf(what, "/archival"), { method: "POST" });
}

export function restore(what: Owned): Promise<unknown> {
  return request<unknown>(urlOf(what, "/archival"), { method: "DELETE" });
}

const WATCH_MS = 1_500;

/** The newest export; watched while it is being made. */
export function exportsQuery(what: Owned) {
  return queryOptions({
    queryKey: accountKeys.exports(what.id),
    queryFn: ({ signal }) => request<Page<DataExport>>(urlOf(what, "/exports"), { signal, query: { limit: 5 } }),
    refetchInterval: (query) => (isUnderWay(query.state.data?.items[0]) ? WATCH_MS : false),
  });
}

export function isUnderWay(made: DataExport | undefined): boolean {
  return made?.state === "PENDING" || made?.state === "RUNNING";
}

export function startExport(what: Owned): Promise<DataExport> {
  return request<DataExport>(urlOf(what, "/exports"), { method: "POST", idempotencyKey: newIdempotencyKey() });
}

export function exportFile(what: Owned, made: DataExport): string {
  return urlOf(what, `/exports/${made.id}/file`);
}

export function deleteForGood(what: Owned, name: string, withoutExport: boolean): Promise<unknown> {
  return request<unknown>(urlOf(what), { method: "DELETE", body: { name, ...(withoutExport ? { without_export: true } : {}) } });
}
