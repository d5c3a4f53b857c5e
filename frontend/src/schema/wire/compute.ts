import type { Schema } from "./schema";

export type Size = Schema<"SizeOutput">;
/** The task of one execution of a managed run. */
export type RunTask = Schema<"RunComputeItemOutput">;
export type TaskState = RunTask["state"];
export type Backend = RunTask["backend"];
export type Phase = RunTask["phases"][number]["phase"];
export type ManagedTask = Schema<"ManagedTaskOutput">;
export type ManagedPool = Schema<"ManagedPoolOutput">;
