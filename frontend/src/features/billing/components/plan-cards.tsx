import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PLAN_LINES, planMove } from "@/features/billing/model";
import type { AccountPlan, Plan, PlanCode } from "@/schema/wire/billing";

import styles from "./billing.module.css";

interface PlanCardsProps {
  readonly account: AccountPlan;
  /** The plan that is being bought. */
  readonly leaving: PlanCode | null;
  readonly onCheckout: (code: PlanCode) => void;
  readonly onPortal: () => void;
}

/** The plans side by side, line for line. */
export function PlanCards({ account, leaving, onCheckout, onPortal }: PlanCardsProps) {
  return (
    <section className={styles["plans"]} aria-label="All plans">
      {account.plans.map((plan) => (
        <article key={plan.code} className={styles["plan"]} aria-label={plan.name} data-current={plan.code === account.plan.code || undefined}>
          <header className={styles["planHead"]}>
            <h2 className={styles["planName"]}>{plan.name}</h2>
            <Choose account={account} plan={plan} leaving={leaving} onCheckout={onCheckout} onPortal={onPortal} />
          </header>
          <dl className={styles["lines"]}>
            {PLAN_LINES.map(({ key, label, show }) => (
              <div key={key} className={styles["line"]}>
                <dt>{label}</dt>
                <dd data-more={isMore(plan.entitlements[key], account.plan.entitlements[key], plan.code === account.plan.code) || undefined}>
                  {plan.code === "ENTERPRISE" && plan.entitlements[key] === null && key !== "retention_days" ? "as agreed" : show(plan.entitlements[key])}
                </dd>
              </div>
            ))}
            <div className={styles["line"]}>
              <dt>Beyond the task runs</dt>
              <dd data-more={(plan.at_limit === "METER" && account.plan.at_limit === "HOLD") || undefined}>{plan.at_limit === "HOLD" ? "new runs wait" : "metered"}</dd>
            </div>
            <div className={styles["line"]}>
              <dt>Beyond the managed minutes</dt>
              <dd data-more={(plan.at_limit === "METER" && account.plan.at_limit === "HOLD") || undefined}>{plan.at_limit === "HOLD" ? "new managed runs wait" : "metered"}</dd>
            </div>
          </dl>
        </article>
      ))}
    </section>
  );
}

/** Whether a plan allows more than the one at hand. */
function isMore(value: number | null, present: number | null, current: boolean): boolean {
  return !current && present !== null && (value === null || value > present);
}

interface ChooseProps extends PlanCardsProps {
  readonly plan: Plan;
}

function Choose({ account, plan, leaving, onCheckout, onPortal }: ChooseProps) {
  const move = planMove(account, plan);
  if (move.kind === "current") {
    return (
      <span className={styles["yours"]}>
        <Icon name="check" size={14} /> Your plan
      </span>
    );
  }
  if (plan.code === "ENTERPRISE") return <span className={styles["contract"]}>By contract</span>;
  const words = move.kind === "checkout" || (move.kind === "none" && isLarger(account, plan)) ? `Upgrade to ${plan.name}` : `Change to ${plan.name}`;
  return (
    <GuardedButton
      variant={move.kind === "checkout" ? "filled" : "default"}
      reason={move.kind === "none" ? move.why : leaving !== null && leaving !== plan.code ? "Another plan is being bought." : null}
      loading={leaving === plan.code}
      onClick={() => (move.kind === "checkout" ? onCheckout(plan.code) : onPortal())}
    >
      {words}
    </GuardedButton>
  );
}

function isLarger(account: AccountPlan, plan: Plan): boolean {
  const codes = account.plans.map((each) => each.code);
  return codes.indexOf(plan.code) > codes.indexOf(account.plan.code);
}
