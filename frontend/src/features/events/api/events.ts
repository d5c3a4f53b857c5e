import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { eventFilters, type EventsSearch } from "@/features/events/model";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { rangeKey, resolveRange } from "@/lib/time";
import type { EventHistogram, EventItem } from "@/schema/wire/telemetry";

export const eventKeys = {
  all: (workspace: string) => ["events", workspace] as const,
  feed: (workspace: string, search: EventsSearch) =>
    [...eventKeys.all(workspace), "feed", rangeKey(search), eventFilters(search)] as const,
  histograms: (workspace: string) => [...eventKeys.all(workspace), "histogram"] as const,
  histogram: (workspace: string, search: EventsSearch) =>
    [...eventKeys.histograms(workspace), rangeKey(search), search.name ?? null] as const,
};

const PAGE_SIZE = 100;

export function eventsQuery(workspace: string, search: EventsSearch) {
  return infiniteQueryOptions({
    queryKey: eventKeys.feed(workspace, search),
    queryFn: ({ pageParam, signal }) =>
      request<Page<EventItem>>(workspaceUrl(workspace, "/events"), {
        signal,
        query: { ...eventFilters(search), ...resolveRange(search, Date.now()), limit: PAGE_SIZE, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function eventHistogramQuery(workspace: string, search: EventsSearch) {
  return queryOptions({
    queryKey: eventKeys.histogram(workspace, search),
    queryFn: ({ signal }) =>
      request<EventHistogram>(workspaceUrl(workspace, "/events/histogram"), {
        signal,
        query: { name: search.name, ...resolveRange(search, Date.now()) },
      }),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}
