export interface ResourceRef {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | null;
}

export interface EventItem {
  readonly id: string;
  readonly name: string;
  readonly occurred_at: string;
  readonly received_at: string;
  readonly resource: ResourceRef | null;
  readonly related: readonly (ResourceRef & { readonly role: string })[];
  readonly payload: Readonly<Record<string, unknown>>;
  readonly run_id: string | null;
  readonly task_run_id: string | null;
  readonly follows: string | null;
  readonly source: string;
}

export interface EventHistogram {
  readonly step_seconds: number;
  readonly buckets: readonly { readonly at: string; readonly count: number }[];
  readonly names: readonly { readonly name: string; readonly count: number }[];
}

export interface MetricInfo {
  readonly name: string;
  readonly unit: string | null;
  readonly series: number;
  readonly last_at: string | null;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

export const AGGREGATES = ["avg", "sum", "min", "max", "count", "p50", "p90", "p95", "p99", "rate"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

export interface MetricQuery {
  readonly name: string;
  readonly aggregate: Aggregate;
  readonly group_by?: readonly string[];
  readonly where?: Readonly<Record<string, readonly string[]>>;
}

export type Point = readonly [at: number, value: number | null];

export interface MetricSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

export interface MetricAnswer {
  readonly step_seconds: number;
  readonly rollup: "raw" | "1m" | "1h" | "1d";
  readonly results: readonly { readonly query: number; readonly series: readonly MetricSeries[] }[];
}
