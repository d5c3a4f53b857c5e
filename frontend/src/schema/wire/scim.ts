import type { Schema } from "./schema";

export type ScimSettings = Schema<"ScimSettingsOutput">;
export type ScimToken = Schema<"ScimTokenOutput">;
export type NewScimToken = Schema<"NewScimTokenOutput">;
