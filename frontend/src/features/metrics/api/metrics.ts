import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { parseMetricQuery, type MetricsSearch } from "@/features/metrics/model";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { rangeKey, resolveRange } from "@/lib/time";
import type { MetricAnswer, MetricInfo } from "@/schema/wire/telemetry";

export const metricKeys = {
  all: (workspace: string) => ["metrics", workspace] as const,
  names: (workspace: string) => [...metricKeys.all(workspace), "names"] as const,
  answer: (workspace: string, search: MetricsSearch) =>
    [...metricKeys.all(workspace), "answer", rangeKey(search), search.q ?? []] as const,
};

export function metricsQuery(workspace: string) {
  return queryOptions({
    queryKey: metricKeys.names(workspace),
    queryFn: ({ signal }) => request<Page<MetricInfo>>(workspaceUrl(workspace, "/metrics"), { signal }),
    staleTime: 60_000,
  });
}

/** One request answers all queries of the page. */
export function answerQuery(workspace: string, search: MetricsSearch) {
  return queryOptions({
    queryKey: metricKeys.answer(workspace, search),
    queryFn: async ({ signal }) => {
      const span = resolveRange(search, Date.now());
      const queries = (search.q ?? []).flatMap((text) => parseMetricQuery(text) ?? []);
      const answer = await request<MetricAnswer>(workspaceUrl(workspace, "/metrics/query"), {
        method: "POST",
        signal,
        body: { queries, ...span, fill: "null" },
      });
      return { ...answer, ...span };
    },
    enabled: (search.q ?? []).length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}
