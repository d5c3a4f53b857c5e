import { oneOf, textOf } from "@/lib/search-params";
import type { ImportAnswer, RefusedLine } from "@/schema/wire/query-log";

export const PRESETS = ["snowflake", "bigquery", "redshift", "trino", "clickhouse", "postgres", "generic"] as const;
export type Preset = (typeof PRESETS)[number];

interface PresetLook {
  readonly label: string;
  /** How OpenLineage names such a server. */
  readonly namespace: string;
  /** What makes the file. */
  readonly source: string;
  readonly note: string;
}

export const LOOKS: Readonly<Record<Preset, PresetLook>> = {
  snowflake: {
    label: "Snowflake",
    namespace: "snowflake://account",
    source: "SELECT *\nFROM snowflake.account_usage.query_history\nWHERE start_time > current_date - 7",
    note: "Times have offsets there; download the result as CSV.",
  },
  bigquery: {
    label: "BigQuery",
    namespace: "bigquery",
    source: "SELECT *\nFROM `region-eu`.INFORMATION_SCHEMA.JOBS\nWHERE DATE(creation_time) > CURRENT_DATE - 7",
    note: "As CSV or as JSON with a line for each row. The project is the database.",
  },
  redshift: {
    label: "Redshift",
    namespace: "redshift://cluster.region:5439",
    source: "SELECT *\nFROM sys_query_history\nWHERE start_time > current_date - 7",
    note: "STL_QUERY is read, too.",
  },
  trino: {
    label: "Trino, Presto",
    namespace: "trino://host:8080",
    source: "SELECT * FROM system.runtime.queries",
    note: "Or the events of a listener, one in a line.",
  },
  clickhouse: {
    label: "ClickHouse",
    namespace: "clickhouse://host:9000",
    source: "SELECT *\nFROM system.query_log\nWHERE event_date > today() - 7\nFORMAT CSVWithNames",
    note: "Of a query's rows the one of its end counts.",
  },
  postgres: {
    label: "Postgres csvlog",
    namespace: "postgres://host:5432",
    source: "log_destination = 'csvlog'\nlog_min_duration_statement = 0\nlog_timezone = 'UTC'",
    note: "The server's log files as they are, without a header. Lines that tell of no statement are skipped.",
  },
  generic: {
    label: "Anything else",
    namespace: "postgres://host:5432",
    source: "statement,user,started_at,duration_ms\nSELECT 1,ana,2026-03-01T06:00:00Z,12",
    note: "Columns are known by their names, in any order; the rest is not looked at.",
  },
};

export interface QueryLogSearch {
  readonly preset?: Preset | undefined;
  readonly namespace?: string | undefined;
  /** Of times without an offset. */
  readonly timezone?: string | undefined;
}

export function parseQueryLogSearch(search: Record<string, unknown>): QueryLogSearch {
  return { preset: oneOf(search["preset"], PRESETS), namespace: textOf(search["namespace"]), timezone: textOf(search["timezone"]) };
}

export const DEFAULT_PRESET: Preset = "snowflake";
export const TOLD = 100; // refused lines that are shown

/** What became of a file so far. */
export interface Totals {
  readonly accepted: number;
  readonly duplicates: number;
  readonly skipped: number;
  readonly rejected: number;
  readonly lines: readonly RefusedLine[];
}

export const NOTHING: Totals = { accepted: 0, duplicates: 0, skipped: 0, rejected: 0, lines: [] };

/** Adds what became of a part whose first line below the header has `before` lines above it. */
export function withPart(totals: Totals, answer: ImportAnswer, before: number): Totals {
  const lines = answer.rejected.map((each) => ({ ...each, line: each.line + before }));
  return {
    accepted: totals.accepted + answer.accepted,
    duplicates: totals.duplicates + answer.duplicates,
    skipped: totals.skipped + answer.skipped,
    rejected: totals.rejected + answer.rejected_count,
    lines: [...totals.lines, ...lines].slice(0, TOLD),
  };
}

/** A part that was sent again: what was taken before is there already, and is told as taken. */
export function again(answer: ImportAnswer, taken: number): ImportAnswer {
  return { ...answer, accepted: answer.accepted + taken, duplicates: answer.duplicates - Math.min(taken, answer.duplicates) };
}
