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

export interface Subscription {
  readonly status: string;
  readonly cancel_at: string | null;
  readonly current_period_end: string | null;
}

/** Of an installation that takes no payments, the last three are absent. */
export type AccountPlan = Schema<"AccountPlanOutput"> & {
  readonly stripe?: boolean;
  readonly may_manage?: boolean;
  readonly subscription?: Subscription | null;
};
