import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { runKeys } from "@/features/runs/api/keys";
import { runFilters, type RunsSearch } from "@/features/runs/runs-search";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { resolveRange } from "@/lib/time";
import type { RunHistogram, RunRow } from "@/schema/wire/runs";

const PAGE_SIZE = 100;

export function runsQuery(workspace: string, search: RunsSearch) {
  return infiniteQueryOptions({
    queryKey: runKeys.list(workspace, search),
    queryFn: ({ pageParam, signal }) => {
      const { from, to } = resolveRange(search, Date.now());
      return request<Page<RunRow>>(workspaceUrl(workspace, "/runs"), {
        signal,
        query: {
          ...runFilters(search),
          created_after: from,
          // A preset has an open end: a run made this second belongs to "the last hour".
          created_before: search.to === undefined ? undefined : to,
          limit: PAGE_SIZE,
          cursor: pageParam,
        },
      });
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function runHistogramQuery(workspace: string, search: RunsSearch) {
  return queryOptions({
    queryKey: runKeys.histogram(workspace, search),
    queryFn: ({ signal }) =>
      request<RunHistogram>(workspaceUrl(workspace, "/runs/histogram"), {
        signal,
        query: { ...runFilters(search), ...resolveRange(search, Date.now()) },
      }),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}

const FOUND_AT_ONCE = 8;

export function findRunsQuery(workspace: string, text: string) {
  return queryOptions({
    queryKey: runKeys.find(workspace, text),
    queryFn: ({ signal }) =>
      request<Page<RunRow>>(workspaceUrl(workspace, "/runs"), { signal, query: { q: text, limit: FOUND_AT_ONCE } }),
    placeholderData: keepPreviousData,
  });
}
