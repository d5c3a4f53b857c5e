import type { Schema } from "./schema";

export type Overview = Schema<"OverviewOutput">;
export type AttentionRow = Schema<"AttentionOutput">;
export type OverviewFlow = Schema<"FlowHealthOutput">;
export type Tick = Schema<"FlowTickOutput">;
export type Checklist = Schema<"ChecklistOutput">;
