import type { Schema } from "./schema";

export type WorkspaceDetail = Schema<"WorkspaceOutput">;
export type Member = Schema<"MemberOutput">;
