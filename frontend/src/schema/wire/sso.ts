import type { Schema } from "./schema";

export type SsoKind = Schema<"SsoConnectionKindEnum">;
export type SsoConnection = Schema<"SsoConnectionOutput">;
export type SsoTest = Schema<"SsoTestOutput">;
export type SsoTestResult = Schema<"SsoTestResultOutput">;
export type SsoWould = Schema<"SsoWouldOutput">;
export type SsoDomain = Schema<"SsoDomainOutput">;
export type SsoPolicy = Schema<"SsoPolicyOutput">;
export type SsoPerson = Schema<"SsoIdentityOutput">;
export type SsoGrant = Schema<"SsoGrantOutput">;
export type JoiningRole = SsoConnection["default_role"];

export const JOINING_ROLES = ["MEMBER", "BILLING", "ADMIN"] as const satisfies readonly JoiningRole[];
export const GRANTED_ROLES = ["OWNER", "DEVELOPER", "RUNNER", "VIEWER"] as const;
