import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { glanceStep, parseMetricQuery, usualAggregate, type MetricsSearch } from "@/features/metrics/model";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { rangeKey, resolveRange, type RangeSearch } from "@/lib/time";
import type { MetricAnswer, MetricInfo } from "@/schema/wire/telemetry";

export const metricKeys = {
  all: (workspace: string) => ["metrics", workspace] as const,
  names: (workspace: string) => [...metricKeys.all(workspace), "names"] as const,
  answer: (workspace: string, search: MetricsSearch) =>
    [...metricKeys.all(workspace), "answer", rangeKey(search), search.q ?? []] as const,
  glance: (workspace: string, range: RangeSearch, names: readonly string[]) =>
    [...metricKeys.all(workspace), "glance", rangeKey(range), names] as const,
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

/** Small lines of several metrics, all their series together, in one request and few points. */
export function glanceQuery(workspace: string, range: RangeSearch, metrics: readonly MetricInfo[]) {
  return queryOptions({
    queryKey: metricKeys.glance(
      workspace,
      range,
      metrics.map((metric) => metric.name),
    ),
    queryFn: async ({ signal }) => {
      const span = resolveRange(range, Date.now());
      const answer = await request<MetricAnswer>(workspaceUrl(workspace, "/metrics/query"), {
        method: "POST",
        signal,
        body: {
          queries: metrics.map((metric) => ({ name: metric.name, aggregate: usualAggregate(metric) })),
          ...span,
          step_seconds: glanceStep(Date.parse(span.from), Date.parse(span.to)),
          fill: "null",
        },
      });
      const lines = metrics.map((metric, index) => {
        const points = answer.results.find((result) => result.query === index)?.series[0]?.points ?? [];
        return [metric.name, points] as const;
      });
      return { step_seconds: answer.step_seconds, ...span, lines: new Map(lines) };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}
