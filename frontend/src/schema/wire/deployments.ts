import type { Schema } from "./schema";

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

export type RecentRun = Schema<"RunTickOutput">;
export type Schedule = Schema<"ScheduleOutput">;
export type ScheduleInput = Schema<"ScheduleInputRequest">;
export type ScheduleChange = Schema<"PatchedScheduleChangeRequest">;
/** Twenty times unless it says how many. */
export type SchedulePreviewInput = Schema<"SchedulePreviewInputRequest">;
export type SchedulePreview = Schema<"SchedulePreviewOutput">;
export type DeploymentChange = Schema<"PatchedDeploymentChangeRequest">;
export type DeploymentVersion = Schema<"DeploymentVersionOutput">;
export type Calendar = Schema<"CalendarOutput">;
export type CalendarItem = Schema<"CalendarItemOutput">;
export type DeploymentRow = Schema<"DeploymentRowOutput">;
export type RunInput = Schema<"DeploymentRunInputRequest">;
export type RunCopyInput = Schema<"RunCopyInputRequest">;

/** The API calls the parameter schema an object; what kind of object is JSON Schema's matter. */
export type Deployment = Omit<Schema<"DeploymentOutput">, "parameter_schema"> & { readonly parameter_schema: JsonSchema };
