import type { Schema } from "./schema";

type Role = Schema<"RoleEnum">;

export type ApiKey = Schema<"ApiKeyOutput">;
export type MyApiKey = Schema<"PlacedApiKeyOutput">;
export type CreatedApiKey = Schema<"NewApiKeyOutput">;

export const KEY_ROLES = ["DEVELOPER", "RUNNER", "VIEWER", "AGENT"] as const satisfies readonly Role[];
