import type { StateName, StateType } from "@/lib/run-state";
import type { Ref } from "@/schema/wire/runs";

/** The part of JSON Schema that function signatures become. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

export interface RecentRun {
  readonly id: string;
  readonly state: StateName;
  readonly state_type: StateType;
  readonly duration_ms: number | null;
  readonly created_at: string;
}

export interface Schedule {
  readonly id: string;
  readonly kind: "CRON" | "INTERVAL";
  readonly cron: string | null;
  readonly interval_seconds: number | null;
  readonly anchor_at: string | null;
  readonly timezone: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly paused: boolean;
  readonly next_at: string | null;
}

export interface ScheduleInput {
  readonly kind: "CRON" | "INTERVAL";
  readonly cron?: string;
  readonly interval_seconds?: number;
  readonly timezone: string;
}

export interface DeploymentRow {
  readonly id: string;
  readonly name: string;
  readonly flow: Ref;
  readonly description: string;
  readonly entrypoint: string;
  readonly path: string;
  readonly pool: Ref;
  readonly tags: readonly string[];
  readonly version: string | null;
  readonly paused: boolean;
  readonly schedules: readonly Schedule[];
  readonly timeout_seconds: number | null;
  readonly retries: number;
  readonly retry_delay_seconds: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly recent_runs: readonly RecentRun[];
  readonly next_run_at: string | null;
}

export interface Deployment extends DeploymentRow {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly parameter_schema: JsonSchema;
}

export interface RunInput {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly scheduled_for?: string;
}
