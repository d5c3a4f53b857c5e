import type { Schema } from "./schema";

export type ResourceRef = Schema<"ResourceOutput">;
export type EventItem = Schema<"EventOutput">;
export type EventHistogram = Schema<"HistogramOutput">;
export type MetricInfo = Schema<"MetricOutput">;
export type Aggregate = Schema<"AggregateEnum">;
export type MetricQuery = Schema<"MetricQueryInputRequest">;
export type MetricAnswer = Omit<Schema<"MetricsQueryOutput">, "results"> & {
  readonly results: readonly { readonly query: number; readonly series: readonly MetricSeries[] }[];
};

export const AGGREGATES = [
  "avg",
  "sum",
  "min",
  "max",
  "count",
  "p50",
  "p90",
  "p95",
  "p99",
  "rate",
] as const satisfies readonly Aggregate[];

/** OpenAPI can't say "a pair", so the schema calls a point a list. */
export type Point = readonly [at: number, value: number | null];
export type MetricSeries = Omit<Schema<"LineOutput">, "points"> & { readonly points: readonly Point[] };
