import type { StateName, StateType } from "@/lib/run-state";

export interface Ref {
  readonly id: string;
  readonly name: string;
}

export type RunSource = "SCHEDULE" | "ADHOC" | "LOCAL" | "RETRY" | "SUBFLOW";
export type StateCounts = Readonly<Partial<Record<StateType, number>>>;

export interface RunRow {
  readonly id: string;
  readonly name: string;
  readonly state: StateName;
  readonly state_type: StateType;
  readonly flow: Ref;
  readonly deployment: Ref | null;
  readonly pool: Ref | null;
  readonly source: RunSource;
  readonly created_by: { readonly kind: string; readonly id: string; readonly name: string } | null;
  readonly attempt: number;
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly scheduled_for: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
  readonly task_counts: StateCounts | null;
  readonly parent_run_id: string | null;
}

export interface RunError {
  readonly type: string;
  readonly message: string;
  readonly traceback: string | null;
}

export interface RunCause {
  readonly kind: string;
  readonly exit_code?: number | null;
  readonly signal?: string | number | null;
  readonly detail?: string | null;
}

export interface Run extends RunRow {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly epoch: number;
  readonly error: RunError | null;
  readonly cause: RunCause | null;
  readonly agent: { readonly id: string; readonly name: string; readonly host: string } | null;
  readonly may: { readonly cancel: boolean; readonly retry: boolean };
  readonly estimated_duration_ms: number | null;
}

export interface Transition {
  readonly id: string;
  readonly state: StateName;
  readonly state_type: StateType;
  readonly occurred_at: string;
  readonly received_at: string;
  readonly epoch: number;
  readonly superseded: boolean;
  readonly message: string | null;
  readonly task_run_id: string | null;
}

export interface RunHistogram {
  readonly step_seconds: number;
  readonly buckets: readonly { readonly at: string; readonly counts: StateCounts }[];
}

export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";

export interface LogLine {
  readonly id: string;
  readonly occurred_at: string;
  readonly run_id: string | null;
  readonly task_run_id: string | null;
  readonly level: LogLevel;
  readonly logger: string | null;
  readonly message: string;
}

/** One row per task run, one array per column: 100,000 rows decode in one go and draw without objects. */
export interface TimelinePage {
  readonly epoch: number;
  readonly total: number;
  readonly task_names: readonly string[];
  readonly states: readonly string[];
  readonly rows: {
    readonly id: readonly string[];
    readonly task: readonly number[];
    readonly name: readonly string[];
    readonly state: readonly number[];
    readonly start_ms: readonly (number | null)[];
    readonly end_ms: readonly (number | null)[];
    readonly depends_on: readonly (readonly number[])[] | null;
  };
  readonly origin_at: string | null;
  readonly next_cursor: string | null;
}

export interface RunMetric {
  readonly name: string;
  readonly unit: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly last: number | null;
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
}
