import type { AccountPlan, DeploymentUsage, Entitlements, Hold, Meter, MeterUsage, Plan, Usage } from "@/schema/wire/billing";
import type { Ref } from "@/schema/wire/runs";

import { iso, makeRandom } from "./random";

/** How the demo's account stands: what its pages show hangs on it. */
export type Standing = "well" | "warned" | "held" | "self-hosted";

export interface Billing {
  standing: Standing;
  readonly deployments: readonly { readonly id: string; readonly name: string; readonly flow: Ref }[];
}

const SIZES: Readonly<Record<Exclude<Standing, "self-hosted">, number>> = { well: 0.62, warned: 1.18, held: 1.6 };

const nothing: Entitlements = { task_runs_per_month: null, managed_minutes_per_month: null, events_per_minute: null, max_users: null, max_workspaces: null, retention_days: null };
const FREE: Plan = { code: "FREE", name: "Free", at_limit: "HOLD", entitlements: { ...nothing, task_runs_per_month: 20_000, managed_minutes_per_month: 500, events_per_minute: 5_000, max_users: 3, max_workspaces: 1 } };
const STANDARD: Plan = { code: "STANDARD", name: "Standard", at_limit: "METER", entitlements: { ...nothing, task_runs_per_month: 20_000, managed_minutes_per_month: 500, events_per_minute: 100_000, max_users: 10, max_workspaces: 3 } };
const ENTERPRISE: Plan = { code: "ENTERPRISE", name: "Enterprise", at_limit: "METER", entitlements: nothing };
const SELF_HOSTED: Plan = { code: "SELF_HOSTED", name: "Self-hosted", at_limit: "METER", entitlements: nothing };

export function planOf({ standing }: Billing): Plan {
  return standing === "self-hosted" ? SELF_HOSTED : standing === "held" ? FREE : STANDARD;
}

export function makePlan(billing: Billing, now: number): AccountPlan {
  const on = billing.standing !== "self-hosted";
  const plan = planOf(billing);
  return {
    billing: on,
    plan,
    since: on ? iso(now - 39 * 86_400_000) : null,
    users: 3,
    workspaces: 1,
    hold: makeHold(billing, now),
    managed_hold: null,
    plans: on ? [FREE, STANDARD, ENTERPRISE] : [],
    stripe: on,
    may_manage: on,
    subscription: plan === STANDARD ? { status: "active", cancel_at: null, current_period_end: nextMonth(now) } : null,
  };
}

function nextMonth(now: number): string {
  const date = new Date(now);
  return iso(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1));
}

function makeHold({ standing }: Billing, now: number): Hold | null {
  if (standing !== "held") return null;
  const month = new Intl.DateTimeFormat("en", { month: "long", timeZone: "UTC" });
  const until = nextMonth(now);
  const reason = `The 20,000 task runs of ${month.format(now)} that the plan Free includes are used. New runs start on 1 ${month.format(Date.parse(until))}, or at once with a larger plan.`;
  return { reason, meter: "task_runs", used: 20_004, limit: 20_000, resets_at: until };
}

const SHARES = [0.46, 0.23, 0.14, 0.1];

/** A month of the demo; months before it are smaller, of those to come nothing is known. */
export function makeUsage(billing: Billing, now: number, asked: string | null, whole: boolean): Usage {
  const present = new Date(now).toISOString().slice(0, 7);
  const month = asked ?? present;
  const starts = Date.parse(`${month}-01T00:00:00Z`);
  const ends = Date.parse(nextMonth(starts));
  const random = makeRandom(Number(month.replace("-", "")));
  const today = new Date(now).toISOString().slice(0, 10);
  const size = billing.standing === "self-hosted" ? 2.1 : SIZES[billing.standing];
  const plan = planOf(billing);
  const days = Array.from({ length: Math.round((ends - starts) / 86_400_000) }, (_, index) => new Date(starts + index * 86_400_000).toISOString().slice(0, 10));
  // The same share of the month's limit whatever the day of the month the demo is looked at.
  const passed = month === present ? Math.max(0.3, (now - starts) / 86_400_000) : days.length;
  const meter = (name: Meter, unit: MeterUsage["unit"], amount: number, limit: number | null): MeterUsage => {
    const by_day = days.map((day) => {
      const weekend = [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());
      const full = (amount / passed) * (weekend ? 0.45 : 1.2) * (0.85 + random() * 0.3);
      return { day, quantity: day > today ? 0 : Math.round(day === today ? full * 0.4 : full) };
    });
    const own = by_day.reduce((sum, each) => sum + each.quantity, 0);
    const sum = whole ? Math.round(own * 1.12) : own;
    const ratio = sum === 0 ? 1 : sum / own;
    const counted = by_day.map((each) => ({ ...each, quantity: Math.round(each.quantity * ratio) }));
    const used = counted.reduce((total, each) => total + each.quantity, 0);
    const lines: DeploymentUsage[] = billing.deployments.slice(0, SHARES.length).map((each, index) => ({ kind: "deployment", workspace_id: "w1", deployment_id: each.id, name: `${each.flow.name}/${each.name}`, quantity: Math.round(own * (SHARES[index] ?? 0)) }));
    const rest = own - lines.reduce((total, each) => total + each.quantity, 0);
    const local: DeploymentUsage = { kind: "local", workspace_id: "w1", deployment_id: null, name: null, quantity: rest };
    const other: DeploymentUsage = { kind: "deployment", workspace_id: "w2", deployment_id: "d-other", name: "backfill/nightly", quantity: used - own };
    const here = { workspace: { id: "w1", slug: "acme", name: "Acme data" }, quantity: own };
    const there = { workspace: { id: "w2", slug: "fresh", name: "Fresh start" }, quantity: used - own };
    const pace = month === present ? Math.round(used * (days.length / passed)) : used;
    return {
      meter: name,
      unit,
      used,
      account_used: whole ? used : own,
      limit,
      forecast: starts > now ? null : pace,
      by_day: counted,
      by_workspace: used === 0 ? [] : whole && used > own ? [here, there] : [here],
      by_deployment: used === 0 ? [] : whole && used > own ? [...lines, other, local] : [...lines, local],
    };
  };
  const on = billing.standing !== "self-hosted";
  const scale = month === present ? 1 : 0.8;
  const runs = meter("task_runs", "task_run", 13_600 * size * scale, plan.entitlements.task_runs_per_month);
  const minutes = plan.entitlements.managed_minutes_per_month;
  const thresholds = [50, 80, 100] as const;
  const warned = on && month === present ? thresholds.filter((each) => runs.account_used * 100 >= each * 20_000) : [];
  return {
    billing: on,
    period: { month, starts_at: iso(starts), ends_at: iso(ends) },
    meters: [
      runs,
      meter("managed_seconds", "second", 11_400 * size * scale, minutes === null ? null : minutes * 60),
      meter("vcpu_seconds", "vcpu_second", 9_800 * size * scale, null),
      meter("gb_seconds", "gb_second", 20_100 * size * scale, null),
    ],
    warnings: warned.map((threshold, index) => ({ meter: "task_runs", threshold, used: 200 * threshold + 7, limit: 20_000, warned_at: iso(starts + (passed * 0.4 + index * passed * 0.2) * 86_400_000) })),
    hold: makeHold(billing, now),
    managed_hold: null,
  };
}
