import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { logFilters, type LogsSearch } from "@/features/logs/model";
import { queryString, request, workspaceUrl } from "@/lib/api-client";
import { rangeKey, resolveRange } from "@/lib/time";
import type { LogContext, LogLine, LogSearchPage, LogVolume } from "@/schema/wire/runs";

const PAGE_SIZE = 200;
const AROUND = 8;

export const logKeys = { all: (workspace: string) => ["logs", workspace] as const };

export function logsQuery(workspace: string, search: LogsSearch) {
  return infiniteQueryOptions({
    queryKey: [...logKeys.all(workspace), "lines", rangeKey(search), logFilters(search)] as const,
    queryFn: ({ pageParam, signal }) =>
      request<LogSearchPage>(workspaceUrl(workspace, "/logs"), {
        signal,
        query: { ...logFilters(search), ...resolveRange(search, Date.now()), limit: PAGE_SIZE, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function logVolumeQuery(workspace: string, search: LogsSearch) {
  return queryOptions({
    queryKey: [...logKeys.all(workspace), "volume", rangeKey(search)] as const,
    queryFn: ({ signal }) => request<LogVolume>(workspaceUrl(workspace, "/logs/volume"), { signal, query: { ...resolveRange(search, Date.now()) } }),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}

/** What the same run wrote around a line. It stays as it is: lines are never changed. */
export function logContextQuery(workspace: string, line: LogLine) {
  return queryOptions({
    queryKey: [...logKeys.all(workspace), "context", line.id] as const,
    queryFn: ({ signal }) =>
      request<LogContext>(workspaceUrl(workspace, "/logs/context"), {
        signal,
        query: { id: line.id, occurred_at: line.occurred_at, run_id: line.run_id, before: AROUND, after: AROUND },
      }),
    staleTime: Infinity,
  });
}

export function downloadUrl(workspace: string, search: LogsSearch, format: "text" | "ndjson", now: number): string {
  return workspaceUrl(workspace, "/logs/download") + queryString({ ...logFilters(search), ...resolveRange(search, now), format });
}
