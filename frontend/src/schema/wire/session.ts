import type { Schema } from "./schema";

export type Me = Schema<"MeOutput">;
export type MeWorkspace = Schema<"WorkspaceSummary">;
