import type { Schema } from "./schema";

export type Backfill = Schema<"BackfillOutput">;
export type BackfillRow = Schema<"BackfillRowOutput">;
export type BackfillInput = Schema<"BackfillInputRequest">;
export type BackfillPreview = Schema<"BackfillPreviewOutput">;
export type BackfillPart = Schema<"BackfillPartOutput">;
