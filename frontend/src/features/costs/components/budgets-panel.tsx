import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { budgetsQuery, costKeys, deleteBudget } from "@/features/costs/api/costs";
import { budgetOfText } from "@/features/costs/budget-draft";
import { BudgetDialog } from "@/features/costs/components/budget-dialog";
import { formatMoney } from "@/features/costs/model";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Budget } from "@/schema/wire/costs";

import styles from "./costs.module.css";

/** How much this month may cost: automations, by what they watch for. */
export function BudgetsPanel() {
  const { slug } = useWorkspace();
  const denial = useDenial("automations:write");
  const budgets = useQuery(budgetsQuery(slug));
  const [adding, setAdding] = useState(false);
  const [ending, setEnding] = useState<Budget | null>(null);
  return (
    <Panel
      title="Budgets of a month"
      aside={
        <GuardedButton size="compact-xs" variant="default" reason={denial} leftSection={<Icon name="plus" size={12} />} onClick={() => setAdding(true)}>
          Set a budget
        </GuardedButton>
      }
    >
      {budgets.isPending && <SkeletonRows rows={2} label="budgets" />}
      {budgets.isError && <ErrorState error={budgets.error} what="budgets" onRetry={() => void budgets.refetch()} />}
      {budgets.data?.items.length === 0 && (
        <p className="muted">None. When what a month costs reaches one, it is told in a channel, or whatever else its automation is to do.</p>
      )}
      {budgets.data !== undefined && budgets.data.items.length > 0 && (
        <table className={styles["table"]} aria-label="Budgets">
          <tbody>
            {budgets.data.items.map((budget) => (
              <BudgetRow key={budget.id} budget={budget} denial={denial} onEnd={() => setEnding(budget)} />
            ))}
          </tbody>
        </table>
      )}
      <p className={styles["foot"]}>
        Of several, of each for itself, or over other times than months:{" "}
        <Link to={paths.newAutomation} params={{ workspace: slug }} search={{ metric: "headway.cost", aggregate: "sum", by: ["model", "currency"] }} className="link">
          an automation on what is spent
        </Link>
        .
      </p>
      {adding && <BudgetDialog onClose={() => setAdding(false)} />}
      {ending !== null && <EndBudget budget={ending} onClose={() => setEnding(null)} />}
    </Panel>
  );
}

interface BudgetRowProps {
  readonly budget: Budget;
  readonly denial: string | null;
  readonly onEnd: () => void;
}

function BudgetRow({ budget, denial, onEnd }: BudgetRowProps) {
  const { slug: workspace } = useWorkspace();
  const share = Math.min(Number(budget.spent) / Number(budget.amount), 1);
  return (
    <tr data-paused={budget.paused || undefined}>
      <td className={styles["what"]}>
        <Link to={paths.automation} params={{ workspace, automationId: budget.id }} className="link">
          {budget.name}
        </Link>
        <span className={styles["under"]}>{budgetOfText(budget)}</span>
        <span className={styles["bar"]} data-full={share === 1 || undefined} role="img" aria-label={`${Math.round(share * 100)} % of it spent`}>
          <span style={{ width: `${share * 100}%` }} />
        </span>
      </td>
      <td className={styles["number"]}>
        {formatMoney(budget.spent, budget.currency)} of {formatMoney(budget.amount, budget.currency)}
        <span className={styles["under"]}>
          {budget.paused ? "paused" : budget.reached_at !== null ? <>fired <RelativeTime at={budget.reached_at} /></> : share === 1 ? "reached" : `${Math.floor(share * 100)} %`}
        </span>
      </td>
      <td>
        <div className={styles["actions"]}>
          <GuardedIcon icon="trash" label="Remove" name={`Remove ${budget.name}`} reason={denial} onClick={onEnd} />
        </div>
      </td>
    </tr>
  );
}

function EndBudget({ budget, onClose }: { readonly budget: Budget; readonly onClose: () => void }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => deleteBudget(slug, budget.id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: costKeys.all(slug) });
      onClose();
    },
  });
  return (
    <ConfirmDialog opened title={`Remove the budget ${budget.name}?`} verb="Remove budget" danger busy={end.isPending} error={end.error} onConfirm={() => end.mutate()} onClose={onClose}>
      Its automation goes with it, and the history of when it was reached. Pausing the automation keeps them.
    </ConfirmDialog>
  );
}
