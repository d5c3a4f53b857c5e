import type { Schema } from "./schema";

export type WorkspaceDetail = Schema<"WorkspaceOutput">;
export type Member = Schema<"MemberOutput">;
export type ApiKey = Schema<"ApiKeyOutput">;
export type CreatedApiKey = Schema<"NewApiKeyOutput">;
type Role = Schema<"RoleEnum">;

export const ROLES = ["OWNER", "DEVELOPER", "RUNNER", "VIEWER"] as const satisfies readonly Role[];
export const KEY_ROLES = ["DEVELOPER", "RUNNER", "VIEWER", "AGENT"] as const satisfies readonly Role[];
