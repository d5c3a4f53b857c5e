import type { EventItem, MetricInfo, MetricQuery, MetricSeries } from "@/schema/wire/telemetry";
import type { Run } from "@/schema/wire/runs";

import { demoId, iso, makeRandom } from "./random";

const TABLES = ["raw.flights", "raw.weather", "raw.planes", "mart.delays", "mart.daily_counts", "raw.airports"];
const PEOPLE = ["ada", "jonas", "mira", "svc-dbt"];

export function makeEvents(now: number, runs: readonly Run[], count = 1_800): EventItem[] {
  const random = makeRandom(77);
  let at = now;
  return Array.from({ length: count }, (_, index) => {
    at -= 4_000 + random() ** 2 * 130_000;
    return makeEvent(at, index, random, runs);
  });
}

export function makeEvent(at: number, index: number, random: () => number, runs: readonly Run[]): EventItem {
  const table = TABLES[Math.floor(random() * TABLES.length)] ?? "raw.flights";
  const person = PEOPLE[Math.floor(random() * PEOPLE.length)] ?? "ada";
  const run = runs[Math.floor(random() * Math.min(runs.length, 400))];
  const kind = random();
  const rows = Math.floor(random() ** 3 * 400_000);
  const base = { id: demoId(at, index), occurred_at: iso(at), received_at: iso(at + 40 + random() * 900), task_run_id: null, follows: null };
  if (kind < 0.52) {
    return {
      ...base,
      name: "query.finished",
      resource: { kind: "table", name: table, namespace: "duckdb" },
      related: [
        { role: "by", kind: "user", name: person, namespace: null },
        { role: "in", kind: "database", name: "flights.duckdb", namespace: null },
      ],
      payload: { rows, duration_ms: Math.floor(random() * 900), sql: `SELECT carrier, avg(dep_delay) FROM ${table} GROUP BY 1`, plan: { scans: 1, joins: 0 } },
      run_id: run?.id ?? null,
      source: "sdk",
    };
  }
  if (kind < 0.74) {
    return { ...base, name: "table.updated", resource: { kind: "table", name: table, namespace: "duckdb" }, related: [], payload: { rows, mode: "append" }, run_id: run?.id ?? null, source: "sdk" };
  }
  if (kind < 0.94) {
    return {
      ...base,
      name: `headway.run.${run?.state_type === "FAILED" ? "failed" : "completed"}`,
      resource: { kind: "run", name: run?.name ?? "run", namespace: null },
      related: [{ role: "of", kind: "flow", name: run?.flow.name ?? "flow", namespace: null }],
      payload: { duration_ms: run?.duration_ms ?? 0, attempt: run?.attempt ?? 1 },
      run_id: run?.id ?? null,
      source: "headway",
    };
  }
  return { ...base, name: "dbt.test.failed", resource: { kind: "table", name: table, namespace: "duckdb" }, related: [{ role: "by", kind: "user", name: "svc-dbt", namespace: null }], payload: { test: "not_null_dep_delay", failures: Math.ceil(random() * 40) }, run_id: null, source: "openlineage" };
}

export function makeMetrics(now: number): MetricInfo[] {
  return [
    { name: "rows_loaded", unit: "rows", series: 6, last_at: iso(now - 60_000), labels: { table: TABLES, flow: ["load_flights", "weather_sync"] } },
    { name: "departure_delay", unit: "min", series: 3, last_at: iso(now - 120_000), labels: { airport: ["EWR", "JFK", "LGA"] } },
    { name: "query_duration", unit: "ms", series: 6, last_at: iso(now - 20_000), labels: { table: TABLES } },
    { name: "model_rmse", unit: null, series: 1, last_at: iso(now - 3_600_000), labels: {} },
    { name: "process.memory", unit: "bytes", series: 4, last_at: iso(now - 5_000), labels: { host: ["ip-10-2-0-14", "ip-10-2-0-15"] } },
  ];
}

const LEVEL: Readonly<Record<string, number>> = { rows_loaded: 9_000, departure_delay: 14, query_duration: 180, model_rmse: 21, "process.memory": 310_000_000 };

export function answerMetric(query: MetricQuery, info: MetricInfo | undefined, from: number, to: number, step: number): MetricSeries[] {
  const label = query.group_by?.[0];
  const allowed = label === undefined ? undefined : query.where?.[label];
  const values = label === undefined ? [""] : (info?.labels[label] ?? []).filter((value) => allowed === undefined || allowed.includes(value));
  return values.map((value, index) => {
    const random = makeRandom(query.name.length * 100 + index + 3);
    const base = (LEVEL[query.name] ?? 50) * (1 + index * 0.35);
    const points: [number, number | null][] = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      const daily = 1 + 0.35 * Math.sin((at / 86_400_000) * Math.PI * 2 + index);
      // An outage six hours long, three days ago and again today: gaps have to be seen as gaps.
      const outage = Math.abs(to - at - (to - from) * 0.32) < (to - from) * 0.03;
      points.push([at, outage ? null : Math.round(base * daily * (0.85 + random() * 0.3) * 100) / 100]);
    }
    return { labels: label === undefined ? {} : { [label]: value }, points };
  });
}
