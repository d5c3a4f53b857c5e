import { describe, expect, it } from "vitest";

import type { AccountPlan, MeterUsage, Plan, Usage } from "@/schema/wire/billing";

import { barShares, forecastSentence, parsePlanSearch, parseUsageSearch, planMove, subscriptionSentence, toneOf, usageNotice, usageSentence } from "./model";

const PERIOD: Usage["period"] = { month: "2026-11", starts_at: "2026-11-01T00:00:00Z", ends_at: "2026-12-01T00:00:00Z" };
const NOW = Date.parse("2026-11-21T00:00:00Z");

function meter(rest: Partial<MeterUsage> = {}): MeterUsage {
  const used = rest.used ?? 8_000;
  return { meter: "task_runs", unit: "task_run", used, account_used: used, limit: 20_000, forecast: 12_000, by_day: [], by_workspace: [], by_deployment: [], ...rest };
}

function usage(rest: Partial<Usage> = {}): Usage {
  return { billing: true, period: PERIOD, meters: [meter()], warnings: [], hold: null, managed_hold: null, ...rest };
}

describe("a meter's bar", () => {
  it("has the limit at its end while that is not in danger", () => {
    expect(barShares(meter())).toEqual({
      own: 40,
      others: 0,
      forecast: 20,
      marks: [
        { percent: 50, at: 50 },
        { percent: 80, at: 80 },
        { percent: 100, at: 100 },
      ],
    });
  });

  it("grows beyond the limit where use or pace do", () => {
    const shares = barShares(meter({ used: 20_000, forecast: 40_000 }));

    expect(shares).toMatchObject({ own: 50, forecast: 50 });
    expect(shares.marks.map((each) => each.at)).toEqual([25, 40, 50]);
  });

  it("shows the other workspaces, and no pace that is of one alone", () => {
    expect(barShares(meter({ used: 5_000, account_used: 15_000 }))).toMatchObject({ own: 25, others: 50, forecast: 0 });
  });

  it("has no marks without a limit, and nothing of nothing", () => {
    expect(barShares(meter({ limit: null, used: 0, forecast: null }))).toEqual({ own: 0, others: 0, forecast: 0, marks: [] });
  });
});

it.each([
  ["within the plan", {}, "At this pace 12,000 task runs by 30 November, within the plan."],
  ["beyond", { forecast: 32_000 }, "At this pace 32,000 task runs by 30 November; the 20,000 of the plan are reached about 26 November."],
  ["no limit", { limit: null }, "At this pace 12,000 task runs by 30 November."],
  ["a limit that others use too", { account_used: 9_000 }, "At this pace 12,000 task runs by 30 November."],
  ["already beyond", { used: 21_000, forecast: 30_000 }, "At this pace 30,000 task runs by 30 November."],
  ["minutes", { meter: "managed_seconds", limit: null, forecast: 5_400 } as const, "At this pace 90 managed minutes by 30 November."],
  ["not begun", { forecast: null }, null],
])("tells where a month is heading: %s", (_, rest, sentence) => {
  expect(forecastSentence(meter(rest), PERIOD, NOW)).toBe(sentence);
});

it("tells nothing of where a month was heading that is over", () => {
  expect(forecastSentence(meter(), PERIOD, Date.parse("2026-12-01T00:00:00Z"))).toBeNull();
});

it.each([
  [usage(), false, "8,000 of 20,000 task runs used in November 2026."],
  [usage({ meters: [meter({ limit: null })] }), false, "8,000 task runs in November 2026."],
  [usage({ meters: [meter({ account_used: 9_500 })] }), false, "8,000 task runs here; the account used 9,500 of 20,000 task runs in November 2026."],
  [usage({ meters: [meter({ used: 9_500 })] }), true, "9,500 of 20,000 task runs used in November 2026."],
  [usage({ meters: [meter({ used: 0 })] }), false, "Nothing was used in November 2026."],
])("answers first %#", (given, ofAccount, sentence) => {
  expect(usageSentence(given, ofAccount)).toBe(sentence);
});

it("keeps red for what stands in the way", () => {
  expect([toneOf(15_999, 20_000), toneOf(16_000, 20_000), toneOf(30_000, 20_000), toneOf(20_000, 20_000, true), toneOf(5, null)]).toEqual(["calm", "warn", "warn", "full", "calm"]);
});

describe("what is said over every page", () => {
  const warning = (threshold: 50 | 80 | 100) => ({ meter: "task_runs", threshold, used: threshold * 200, limit: 20_000, warned_at: "2026-11-14T10:00:00Z" }) as const;
  const hold = { reason: "All are used.", meter: "task_runs", used: 20_000, limit: 20_000, resets_at: "2026-12-01T00:00:00Z" };

  it("is a hold above all, which can't be waved away", () => {
    expect(usageNotice(usage({ hold, warnings: [warning(100)] }))).toMatchObject({ key: null, tone: "full", title: "New runs are held until 1 December." });
    expect(usageNotice(usage({ managed_hold: { ...hold, meter: "managed_seconds" } }))?.title).toBe("New managed runs are held until 1 December.");
    expect(usageNotice(usage({ hold, managed_hold: { ...hold, meter: "managed_seconds" } }))?.title).toBe("New runs are held until 1 December.");
  });

  it("is the highest warning, under a name of its own for each month and threshold", () => {
    expect(usageNotice(usage({ warnings: [warning(80), warning(50)] }))).toMatchObject({ key: "2026-11 task_runs 80", tone: "warn", title: "80 % of this month’s 20,000 task runs were used by 14 November." });
    expect(usageNotice(usage({ warnings: [warning(50)] }))).toMatchObject({ tone: "calm" });
    expect(usageNotice(usage({ warnings: [warning(100)] }))?.text).toMatch(/metered/);
  });

  it("is nothing where nothing is limited", () => {
    expect(usageNotice(usage())).toBeNull();
    expect(usageNotice(usage({ billing: false, hold }))).toBeNull();
  });
});

describe("the way to another plan", () => {
  const plan = (code: Plan["code"]): Plan => ({ code, name: code, at_limit: "HOLD", entitlements: { task_runs_per_month: null, managed_minutes_per_month: null, events_per_minute: null, max_users: null, max_workspaces: null, retention_days: null } });
  const account = (rest: Partial<AccountPlan> = {}): AccountPlan => ({ billing: true, plan: plan("FREE"), since: null, users: 1, workspaces: 1, hold: null, managed_hold: null, plans: [plan("FREE"), plan("STANDARD"), plan("ENTERPRISE")], stripe: true, may_manage: true, subscription: null, ...rest });
  const paid = { status: "active", cancel_at: null, current_period_end: "2026-12-01T00:00:00Z" };

  it.each([
    ["FREE", {}, { kind: "current" }],
    ["STANDARD", {}, { kind: "checkout" }],
    ["ENTERPRISE", {}, { kind: "none", why: "By contract: its limits are agreed upon." }],
    ["STANDARD", { stripe: false }, { kind: "none", why: "Payment is not set up here; who runs this installation changes plans." }],
    ["STANDARD", { may_manage: false }, { kind: "none", why: "An owner of the account changes its plan." }],
    ["FREE", { plan: plan("STANDARD"), subscription: paid }, { kind: "portal" }],
    ["FREE", { plan: plan("STANDARD") }, { kind: "none", why: "Smaller than the plan you have." }],
  ] as const)("to %s with %j", (code, rest, move) => {
    expect(planMove(account(rest), plan(code))).toEqual(move);
  });

  it.each([
    [null, null],
    [paid, "Renews on 1 December."],
    [{ ...paid, status: "trialing" }, "Trial until 1 December."],
    [{ ...paid, cancel_at: "2026-12-05T00:00:00Z" }, "Cancelled: ends on 5 December."],
    [{ ...paid, status: "past_due" }, "The last payment failed. Put it right in the portal, or the plan ends."],
  ])("says how it stands with %j", (subscription, text) => {
    expect(subscriptionSentence(account({ subscription }))?.text ?? null).toBe(text);
  });
});

it("reads addresses, and drops nonsense", () => {
  expect(parseUsageSearch({ month: "2026-10", of: "account", meter: "gb_seconds" })).toEqual({ month: "2026-10", of: "account", meter: "gb_seconds" });
  expect(parseUsageSearch({ month: "2026-13", of: "us" })).toEqual({});
  expect(parsePlanSearch({ checkout: "done" })).toEqual({ checkout: "done" });
  expect(parsePlanSearch({ checkout: "x" })).toEqual({});
});
