import type { Schema } from "./schema";

export type Usage = Schema<"UsageOutput">;
export type MeterUsage = Schema<"MeterOutput">;
export type Meter = MeterUsage["meter"];
export type DeploymentUsage = Schema<"DeploymentUsageOutput">;
export type UsageWarning = Schema<"UsageWarningOutput">;
export type Hold = Schema<"AccountHoldOutput">;
export type Plan = Schema<"PlanOutput">;
export type PlanCode = Plan["code"];
export type Entitlements = Schema<"EntitlementsOutput">;
export type AccountPlan = Schema<"AccountPlanOutput">;
