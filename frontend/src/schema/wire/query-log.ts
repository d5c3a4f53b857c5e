import type { Schema } from "./schema";

export type ImportAnswer = Schema<"QueryLogOutput">;
export type RefusedLine = Schema<"RefusedRowOutput">;
