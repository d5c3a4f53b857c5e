import { meterAmount, meterText, meterUnit } from "@/lib/meters";
import { oneOf, textOf } from "@/lib/search-params";
import { formatDate, formatMonth, isMonth } from "@/lib/time";
import { formatCount } from "@/lib/units";
import type { AccountPlan, Entitlements, MeterUsage, Plan, Usage } from "@/schema/wire/billing";

export interface UsageSearch {
  /** "2026-11"; absent: the present one. */
  readonly month?: string | undefined;
  readonly of?: "account" | undefined;
  readonly meter?: string | undefined;
}

export function parseUsageSearch(search: Record<string, unknown>): UsageSearch {
  const month = textOf(search["month"]);
  return {
    month: month !== undefined && isMonth(month) ? month : undefined,
    of: oneOf(search["of"], ["account"]),
    meter: textOf(search["meter"]),
  };
}

export interface PlanSearch {
  /** How somebody came back from paying. */
  readonly checkout?: "done" | "cancelled" | undefined;
}

export function parsePlanSearch(search: Record<string, unknown>): PlanSearch {
  return { checkout: oneOf(search["checkout"], ["done", "cancelled"]) };
}

export interface BarShares {
  /** Per cent of the bar's width. */
  readonly own: number;
  readonly others: number;
  readonly forecast: number;
  /** Where 50, 80 and 100 % of the limit stand; none without a limit. */
  readonly marks: readonly { readonly percent: number; readonly at: number }[];
}

const MARKS = [50, 80, 100] as const;

/** The parts of a meter's bar: what was used here, elsewhere in the account, and what the pace adds until the month ends. */
export function barShares(meter: MeterUsage): BarShares {
  const others = Math.max(0, meter.account_used - meter.used);
  // The forecast is of what was asked for; of a part of the account it says nothing about the limit.
  const coming = others > 0 || meter.forecast === null ? 0 : Math.max(0, meter.forecast - meter.used);
  const reached = meter.used + others + coming;
  const whole = Math.max(meter.limit ?? 0, reached, 1);
  const share = (quantity: number) => (quantity / whole) * 100;
  const limit = meter.limit;
  return {
    own: share(meter.used),
    others: share(others),
    forecast: share(coming),
    marks: limit === null ? [] : MARKS.map((percent) => ({ percent, at: share((limit * percent) / 100) })),
  };
}

export type Tone = "calm" | "warn" | "full";

/** Only what stands in the way is told in red: with a plan that meters what is beyond, all goes on. */
export function toneOf(used: number, limit: number | null, held = false): Tone {
  if (limit === null || used < limit * 0.8) return "calm";
  return held ? "full" : "warn";
}

/** What the pace of the last days leads to, as a sentence; null when nothing can be said. */
export function forecastSentence(meter: MeterUsage, period: Usage["period"], now: number): string | null {
  const ends = Date.parse(period.ends_at);
  const { forecast, used, limit, account_used } = meter;
  if (forecast === null || now >= ends || now < Date.parse(period.starts_at) || forecast === 0) return null;
  const last = formatDate(ends - 1);
  const until = `At this pace ${meterText(meter.meter, forecast)} by ${last}`;
  // Others use the same limit: when it is reached is not for one workspace to tell.
  if (limit === null || account_used > used || used >= limit) return `${until}.`;
  if (forecast <= limit) return `${until}, within the plan.`;
  const reached = now + ((limit - used) / (forecast - used)) * (ends - now);
  return `${until}; the ${meterAmount(meter.meter, limit)} of the plan are reached about ${formatDate(reached)}.`;
}

/** The page's answer: how much of what is allowed was used. */
export function usageSentence(usage: Usage, ofAccount: boolean): string {
  const meter = usage.meters[0];
  const month = formatMonth(usage.period.month);
  if (meter === undefined || meter.account_used === 0) return `Nothing was used in ${month}.`;
  const own = meterText(meter.meter, meter.used);
  if (meter.limit === null) return `${own} in ${month}.`;
  const whole = `${meterAmount(meter.meter, meter.limit)} ${meterUnit(meter.meter)}`;
  if (ofAccount || meter.account_used === meter.used) {
    return `${meterAmount(meter.meter, meter.used)} of ${whole} used in ${month}.`;
  }
  return `${own} here; the account used ${meterAmount(meter.meter, meter.account_used)} of ${whole} in ${month}.`;
}

export interface PlanLine {
  readonly key: keyof Entitlements;
  readonly label: string;
  readonly hint?: string;
  readonly show: (value: number | null) => string;
}

const number = (value: number | null) => (value === null ? "no limit" : formatCount(value));

/** What of it counts, where that is less than people would expect. */
export const METER_HINTS = { task_runs: "Completed, of a second or more", managed_seconds: "From start to stop of each managed task" } as const;

export function meterHint(meter: string): string | null {
  return meter in METER_HINTS ? METER_HINTS[meter as keyof typeof METER_HINTS] : null;
}

/** What plans differ in, in the order that people ask for it. */
export const PLAN_LINES: readonly PlanLine[] = [
  { key: "task_runs_per_month", label: "Task runs a month", hint: METER_HINTS.task_runs, show: number },
  { key: "managed_minutes_per_month", label: "Managed minutes a month", hint: METER_HINTS.managed_seconds, show: number },
  { key: "events_per_minute", label: "Events and points a minute", show: number },
  { key: "max_users", label: "Users", show: number },
  { key: "max_workspaces", label: "Workspaces", show: number },
  {
    key: "retention_days",
    label: "History",
    hint: "How long events, metrics and logs are kept; a workspace’s settings show its own",
    show: (value) => (value === null ? "as set in each workspace" : `${formatCount(value)} days`),
  },
];

/** What happens beyond the amount that a line includes; null where nothing is used up. */
export function atLimitSentence(plan: Plan, key: keyof Entitlements): string | null {
  if (key !== "task_runs_per_month" && key !== "managed_minutes_per_month") return null;
  if (plan.at_limit === "METER") return "What is beyond the included amount runs on and is metered.";
  return key === "task_runs_per_month"
    ? "When they are used up, new runs wait for the next month."
    : "When they are used up, new managed runs wait for the next month; runs on agents of your own go on.";
}

export type PlanMove =
  | { readonly kind: "current" }
  | { readonly kind: "checkout" }
  | { readonly kind: "portal" }
  | { readonly kind: "none"; readonly why: string };

/** What can be done with one of the plans that are offered. */
export function planMove(account: AccountPlan, plan: Plan): PlanMove {
  if (plan.code === account.plan.code) return { kind: "current" };
  if (plan.code === "ENTERPRISE") return { kind: "none", why: "By contract: its limits are agreed upon." };
  if (!account.stripe) return { kind: "none", why: "Payment is not set up here; who runs this installation changes plans." };
  if (!account.may_manage) return { kind: "none", why: "An owner of the account changes its plan." };
  const position = (code: Plan["code"]) => account.plans.findIndex((each) => each.code === code);
  if (position(plan.code) > position(account.plan.code)) return { kind: "checkout" };
  return account.subscription !== null ? { kind: "portal" } : { kind: "none", why: "Smaller than the plan you have." };
}

/** How it stands with what is paid regularly; null when there is nothing to say. */
export function subscriptionSentence(account: AccountPlan): { readonly text: string; readonly tone: Tone } | null {
  const { subscription } = account;
  if (subscription === null) return null;
  const { status, cancel_at, current_period_end } = subscription;
  if (status === "past_due" || status === "unpaid") return { text: "The last payment failed. Put it right in the portal, or the plan ends.", tone: "full" };
  if (status === "paused") return { text: "Payment is paused; it goes on from the portal.", tone: "warn" };
  if (status === "incomplete") return { text: "The first payment has not arrived yet.", tone: "warn" };
  if (cancel_at !== null) return { text: `Cancelled: ends on ${formatDate(cancel_at)}.`, tone: "warn" };
  if (status === "canceled" || status === "incomplete_expired" || current_period_end === null) return null;
  return { text: `${status === "trialing" ? "Trial until" : "Renews on"} ${formatDate(current_period_end)}.`, tone: "calm" };
}

export interface Notice {
  /** What dismissing it is remembered under; null: it stays while it holds. */
  readonly key: string | null;
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
}

/** What has to be said over every page: a hold, else the highest threshold that was reached this month. */
export function usageNotice(usage: Usage): Notice | null {
  if (!usage.billing) return null;
  const hold = usage.hold ?? usage.managed_hold; // the first one holds managed runs, too
  if (hold !== null) {
    const what = hold.meter === "task_runs" ? "New runs are held" : "New managed runs are held";
    return { key: null, tone: "full", title: `${what} until ${formatDate(hold.resets_at)}.`, text: `${hold.reason} What is running goes on, and nothing is lost.` };
  }
  const highest = [...usage.warnings].sort((a, b) => b.threshold - a.threshold)[0];
  if (highest === undefined) return null;
  const limit = `${meterAmount(highest.meter, highest.limit)} ${meterUnit(highest.meter)}`;
  const key = `${usage.period.month} ${highest.meter} ${highest.threshold}`;
  if (highest.threshold >= 100) {
    return { key, tone: "warn", title: `The plan’s ${limit} of this month are used.`, text: "Runs go on; what is beyond is metered." };
  }
  return { key, tone: highest.threshold >= 80 ? "warn" : "calm", title: `${highest.threshold} % of this month’s ${limit} were used by ${formatDate(highest.warned_at)}.`, text: "" };
}
