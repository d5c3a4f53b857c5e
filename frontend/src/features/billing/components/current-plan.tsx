import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { BillingLink } from "@/features/billing/components/billing-link";
import { atLimitSentence, PLAN_LINES, toneOf } from "@/features/billing/model";
import { useBilled } from "@/features/billing/use-billed";
import { formatCount } from "@/lib/units";
import type { AccountPlan, Entitlements, Usage } from "@/schema/wire/billing";

import styles from "./billing.module.css";

interface CurrentPlanProps {
  readonly account: AccountPlan;
  /** Of the present month; absent while it is on its way, or not for this person. */
  readonly usage: Usage | undefined;
}

const METER_OF: Readonly<Partial<Record<keyof Entitlements, string>>> = { task_runs_per_month: "task_runs", managed_minutes_per_month: "managed_seconds" };

/** What the plan contains against what is used of it. */
export function CurrentPlan({ account, usage }: CurrentPlanProps) {
  const { account: billed } = useBilled();
  const counted = (meter: string, per: number) => {
    const found = usage?.meters.find((each) => each.meter === meter);
    return usage === undefined ? null : Math.floor((found?.account_used ?? 0) / per);
  };
  const used: Readonly<Partial<Record<keyof Entitlements, number | null>>> = {
    task_runs_per_month: counted("task_runs", 1),
    managed_minutes_per_month: counted("managed_seconds", 60),
    max_users: account.users,
    max_workspaces: account.workspaces,
  };
  const lead = (key: keyof Entitlements, text: string): ReactNode => {
    if (key === "task_runs_per_month" || key === "managed_minutes_per_month") {
      return (
        <BillingLink page="usage" search={key === "managed_minutes_per_month" ? { meter: "managed_seconds" } : {}} className="link">
          {text}
        </BillingLink>
      );
    }
    if (key === "max_users") {
      return (
        <Link to={paths.members} params={{ account: billed.id }} className="link">
          {text}
        </Link>
      );
    }
    return text;
  };
  return (
    <Panel title={account.billing ? `${account.plan.name}, your plan` : "What is used"} flush>
      <ul className={styles["rows"]} aria-label="What the plan contains">
        {PLAN_LINES.map(({ key, label, hint, show }) => {
          const limit = account.plan.entitlements[key];
          const spent = used[key];
          if (!account.billing && spent === undefined) return null;
          return (
            <li key={key} className={styles["entitlement"]}>
              <span className={styles["what"]}>
                {label}
                {hint !== undefined && (
                  <span className={styles["under"]}>
                    {hint}
                    {account.billing && atLimitSentence(account.plan, key) !== null && `. ${atLimitSentence(account.plan, key) ?? ""}`}
                  </span>
                )}
              </span>
              <span className={styles["spent"]}>
                {spent !== undefined && spent !== null && limit !== null && (
                  <span className={styles["track"]} data-tone={toneOf(spent, limit, [account.hold, account.managed_hold].some((hold) => hold !== null && METER_OF[key] === hold.meter))} aria-hidden="true">
                    <span className={styles["own"]} style={{ width: `${Math.min(100, (spent / Math.max(1, limit)) * 100)}%` }} />
                  </span>
                )}
              </span>
              <span className={styles["of"]}>
                {spent === undefined || spent === null ? (
                  show(limit)
                ) : (
                  <>
                    {lead(key, formatCount(spent))} <span className="muted">{limit === null ? "" : `of ${show(limit)}`}</span>
                  </>
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
