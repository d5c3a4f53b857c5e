import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { BAND, COMPARES, readAsked, type Asked } from "@/features/metrics/asked";
import { glanceStep, usualAggregate } from "@/features/metrics/model";
import type { MetricsSearch } from "@/features/metrics/search";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { rangeKey, resolveRange, type RangeSearch } from "@/lib/time";
import type { EventItem, MetricAnswer, MetricInfo, PanelsAnswer } from "@/schema/wire/telemetry";

export const metricKeys = {
  all: (workspace: string) => ["metrics", workspace] as const,
  names: (workspace: string) => [...metricKeys.all(workspace), "names"] as const,
  answer: (workspace: string, search: MetricsSearch) =>
    [...metricKeys.all(workspace), "answer", rangeKey(search), search.compare ?? null, search.q ?? []] as const,
  spread: (workspace: string, search: MetricsSearch) =>
    [...metricKeys.all(workspace), "spread", search.view ?? null, rangeKey(search), search.q ?? []] as const,
  marks: (workspace: string, search: MetricsSearch) => [...metricKeys.all(workspace), "marks", rangeKey(search), search.events ?? null] as const,
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

/** Lines of one query or formula that a chart shows: the highest, and the answer says how many more there are. */
const LINES = 20;

/** One request answers all queries and formulas of the page. */
export function answerQuery(workspace: string, search: MetricsSearch) {
  const asked = readAsked(search.q ?? []);
  return queryOptions({
    queryKey: metricKeys.answer(workspace, search),
    queryFn: async ({ signal }) => {
      const span = resolveRange(search, Date.now());
      const answer = await request<MetricAnswer>(workspaceUrl(workspace, "/metrics/query"), {
        method: "POST",
        signal,
        body: { ...chartOf(asked, search), ...span, fill: "null" },
      });
      return { ...answer, ...span, found_at: Date.now() };
    },
    enabled: (search.view ?? "lines") === "lines" && asked.some((each) => each.kind === "query"),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}

function chartOf(asked: readonly Asked[], { compare }: MetricsSearch) {
  return {
    queries: asked.flatMap((each) => (each.kind === "query" ? [{ ...each.query, letter: each.letter, hidden: each.hidden, limit: LINES }] : [])),
    formulas: asked.flatMap(({ letter, ...each }) => (each.kind === "formula" && each.expression !== "" ? [{ expression: each.expression, letter, limit: LINES }] : [])),
    ...(compare === undefined ? {} : { compare_seconds: COMPARES[compare] }),
  };
}

/** How the values of each query were spread: as bands, or as a heat map. Formulas have no spread. */
export function spreadQuery(workspace: string, search: MetricsSearch) {
  const queries = readAsked(search.q ?? []).flatMap((each) => (each.kind === "query" ? [each.query] : []));
  return queryOptions({
    queryKey: metricKeys.spread(workspace, search),
    queryFn: async ({ signal }) => {
      const span = resolveRange(search, Date.now());
      const charts = queries.map(({ name, where }) => {
        const of = { name, ...(where === undefined ? {} : { where }) };
        return search.view === "heat" ? { heat_map: of } : { chart: { queries: BAND.map((aggregate) => ({ ...of, aggregate })) } };
      });
      const answer = await request<PanelsAnswer>(workspaceUrl(workspace, "/metrics/charts"), { method: "POST", signal, body: { charts, ...span, fill: "null" } });
      return { ...answer, ...span };
    },
    enabled: (search.view === "bands" || search.view === "heat") && queries.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

const MARKS = 100;

/** Events to mark on the charts: the newest of the range. */
export function marksQuery(workspace: string, search: MetricsSearch) {
  return queryOptions({
    queryKey: metricKeys.marks(workspace, search),
    queryFn: async ({ signal }) => {
      const span = resolveRange(search, Date.now());
      const page = await request<Page<EventItem>>(workspaceUrl(workspace, "/events"), { signal, query: { name: search.events, ...span, limit: MARKS } });
      return { more: page.next_cursor !== null, marks: page.items.map((event) => ({ at: Date.parse(event.occurred_at), label: markLabel(event) })) };
    },
    enabled: search.events !== undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

function markLabel({ name, resource }: EventItem): string {
  return resource === null ? name : `${name} · ${resource.name}`;
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
