import type { Schema } from "./schema";

export type ResourceRef = Schema<"ResourceOutput">;
export type EventItem = Schema<"EventOutput">;
export type EventPage = Schema<"EventPageOutput">;
export type EventHistogram = Schema<"HistogramOutput">;
export type Refused = Schema<"RefusedOutput">;
export type MetricInfo = Schema<"MetricOutput">;
export type Aggregate = Schema<"AggregateEnum">;
export type MetricQuery = Schema<"MetricQueryInputRequest">;

/** OpenAPI can't say "a pair", so the schema calls a point a list, and a cell another. */
export type Point = readonly [at: number, value: number | null];
export type MetricSeries = Omit<Schema<"LineOutput">, "points"> & { readonly points: readonly Point[] };
type Lines<T> = Omit<T, "series" | "compared"> & { readonly series: readonly MetricSeries[]; readonly compared: readonly MetricSeries[] };
export type QueryResult = Lines<Schema<"QueryResultOutput">>;
export type FormulaResult = Lines<Schema<"FormulaResultOutput">>;
export type ChartAnswer = Omit<Schema<"ChartOutput">, "results" | "formulas"> & {
  readonly results: readonly QueryResult[];
  readonly formulas: readonly FormulaResult[];
};
export type MetricAnswer = ChartAnswer & Pick<Schema<"MetricsQueryOutput">, "step_seconds" | "rollup">;
export type HeatMapAnswer = Omit<Schema<"HeatMapOfOutput">, "cells"> & {
  readonly cells: readonly (readonly [at: number, row: number, count: number])[];
};
export type PanelAnswer = {
  readonly chart: ChartAnswer | null;
  readonly heat_map: HeatMapAnswer | null;
  readonly error: Schema<"ChartRefusedOutput"> | null;
};
export type PanelsAnswer = Pick<Schema<"ChartsOutput">, "step_seconds" | "rollup"> & { readonly charts: readonly PanelAnswer[] };

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
