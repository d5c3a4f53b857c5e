import { valueLines } from "@/lib/diff";

export interface Difference {
  readonly column: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

type Spec = Readonly<Record<string, unknown>>;

/** The columns that two specs say differently, in the order of their names. */
export function differences(before: Spec, after: Spec): Difference[] {
  const columns = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return columns
    .map((column) => ({ column, before: valueLines(before[column]), after: valueLines(after[column]) }))
    .filter((each) => each.before.join("\n") !== each.after.join("\n"));
}

const WORDS: Readonly<Record<string, string>> = {
  bundle_sha256: "code",
  parameter_schema: "schema of parameters",
  pool_id: "pool",
  queue_id: "queue",
  cpu_units: "CPU",
  memory_mb: "memory",
  timeout_seconds: "timeout",
  retry_delay_seconds: "delay of retries",
  entrypoint: "entry point",
  concurrency_limit: "limit",
  job_settings: "job settings",
};

export function wordOfColumn(column: string): string {
  return WORDS[column] ?? column.replaceAll("_", " ");
}
