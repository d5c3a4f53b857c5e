import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { eventFilters, type EventsSearch, type ResourceAsked } from "@/features/events/model";
import { isNamesake, namesakeText, worldKind } from "@/features/events/namesakes";
import { queryString, request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { rangeKey, resolveRange } from "@/lib/time";
import type { EventHistogram, EventPage } from "@/schema/wire/telemetry";
import type { WorldResource } from "@/schema/wire/world";

export const eventKeys = {
  all: (workspace: string) => ["events", workspace] as const,
  feed: (workspace: string, search: EventsSearch) =>
    [...eventKeys.all(workspace), "feed", rangeKey(search), eventFilters(search)] as const,
  histograms: (workspace: string) => [...eventKeys.all(workspace), "histogram"] as const,
  histogram: (workspace: string, search: EventsSearch) =>
    [...eventKeys.histograms(workspace), rangeKey(search), eventFilters(search), search.exact === true] as const,
};

const PAGE_SIZE = 100;

export function eventsQuery(workspace: string, search: EventsSearch) {
  return infiniteQueryOptions({
    queryKey: eventKeys.feed(workspace, search),
    queryFn: ({ pageParam, signal }) =>
      request<EventPage>(workspaceUrl(workspace, "/events"), {
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
        query: { ...eventFilters(search), ...resolveRange(search, Date.now()), exact: search.exact === true ? "true" : undefined },
      }),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}

export const EXPORT_FORMATS = ["ndjson", "csv", "parquet"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export function exportUrl(workspace: string, search: EventsSearch, format: ExportFormat, now: number): string {
  return workspaceUrl(workspace, "/events/export") + queryString({ ...eventFilters(search), ...resolveRange(search, now), format });
}

/** What the world view knows by this name. Senders spell names in many ways, so several may fit. */
export function namesakesQuery(workspace: string, asked: ResourceAsked) {
  const [kind, q] = [worldKind(asked.kind), namesakeText(asked)];
  return queryOptions({
    queryKey: [...eventKeys.all(workspace), "namesakes", kind, q] as const,
    // A search finds all that have the text in them: what is not called so is left out here.
    queryFn: ({ signal }) => request<Page<WorldResource>>(workspaceUrl(workspace, "/world/resources"), { signal, query: { kind, q, limit: 100 } }),
    select: (page) => page.items.filter((each) => isNamesake(each, asked)),
  });
}
