import type { RunCause, Ref } from "./runs";
import type { Schema } from "./schema";

export type Size = Schema<"SizeOutput">;
export type TaskState = "REQUESTED" | "STARTING" | "RUNNING" | "STOPPING" | "STOPPED";
export type Phase = "REQUESTED" | "LAUNCHED" | "STARTED" | "FETCHED" | "PREPARED" | "STOPPED";
export type Backend = "LOCAL" | "FARGATE";

/** The task of one execution of a managed run. */
export interface RunTask {
  readonly epoch: number;
  readonly backend: Backend;
  readonly size: Size;
  readonly state: TaskState;
  readonly phases: readonly { readonly phase: Phase; readonly at: string }[];
  readonly exit_code: number | null;
  readonly cause: RunCause | null;
  /** Why it waits or was stopped, for people. */
  readonly reason: string;
  readonly managed_seconds: number | null;
  readonly vcpu_seconds: number | null;
  readonly gb_seconds: number | null;
}

export interface ManagedTask {
  readonly run: Ref;
  readonly deployment: Ref | null;
  readonly size: Size;
  readonly state: TaskState;
  readonly requested_at: string;
  readonly started_at: string | null;
  readonly stopped_at: string | null;
  readonly exit_code: number | null;
  readonly cause: RunCause | null;
  readonly managed_seconds: number | null;
}

export interface ManagedPool {
  readonly backend: Backend | "OFF";
  /** Tasks at a time, of everybody; null: as many as there are. */
  readonly slots: number | null;
  readonly tasks: { readonly requested: number; readonly starting: number; readonly running: number; readonly stopping: number };
  readonly month: { readonly managed_seconds: number; readonly limit: number | null };
}
