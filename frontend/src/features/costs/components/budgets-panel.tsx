import { Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { ErrorState } from "@/components/ui/error-state";
import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { budgetsQuery, costKeys, createBudget, deleteBudget, deploymentsWithCosts } from "@/features/costs/api/costs";
import { amountGap, currencyGap, formatMoney } from "@/features/costs/model";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Budget } from "@/schema/wire/costs";

import styles from "./costs.module.css";

/** How much this month may cost; what reaches it is told as an event. */
export function BudgetsPanel() {
  const { slug } = useWorkspace();
  const denial = useDenial("telemetry:manage");
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
        <p className="muted">
          None. When a month reaches one, the event <code>headway.cost.budget_reached</code> tells, and an{" "}
          <Link to={paths.automations} params={{ workspace: slug }} className="link">
            automation
          </Link>{" "}
          can do the rest.
        </p>
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
      <p className="muted">
        Of a model, or over other times than months:{" "}
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
  const share = Math.min(Number(budget.spent) / Number(budget.amount), 1);
  return (
    <tr>
      <td className={styles["what"]}>
        {budget.name}
        <span className={styles["under"]}>{budget.deployment_name ?? (budget.deployment_id === null ? "the whole workspace" : "a deployment that is gone")}</span>
        <span className={styles["bar"]} aria-hidden="true">
          <span style={{ width: `${share * 100}%` }} />
        </span>
      </td>
      <td className={styles["number"]}>
        {formatMoney(budget.spent, budget.currency)} of {formatMoney(budget.amount, budget.currency)}
        {share === 1 && <span className={styles["under"]}>reached</span>}
      </td>
      <td>
        <div className={styles["actions"]}>
          <GuardedIcon icon="trash" label="Remove" name={`Remove ${budget.name}`} reason={denial} onClick={onEnd} />
        </div>
      </td>
    </tr>
  );
}

function BudgetDialog({ onClose }: { readonly onClose: () => void }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [amount, setAmount] = useState("");
  const [currency, setCurrency] = useState("USD");
  const [deployment, setDeployment] = useState<string | null>(null);
  const deployments = useQuery(deploymentsWithCosts(slug));
  const save = useMutation({
    mutationFn: () => createBudget(slug, { name: name.trim(), amount: amount.trim(), currency, deployment_id: deployment }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: costKeys.all(slug) });
      onClose();
    },
  });
  const gap = name.trim() === "" ? "Give it a name." : (amountGap(amount, false) ?? currencyGap(currency));
  return (
    <FormDialog title="Set a budget" verb="Set budget" gap={gap} busy={save.isPending} error={save.error} shown={["name", "amount", "currency", "deployment_id"]} onSubmit={() => save.mutate()} onClose={onClose}>
      <TextInput label="Name" value={name} maxLength={120} error={fieldError(save.error, "name")} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
      <Select
        label="Of"
        placeholder="the whole workspace"
        searchable
        clearable
        clearButtonProps={{ "aria-label": "The whole workspace" }}
        nothingFoundMessage="No such deployment"
        data={(deployments.data?.items ?? []).map(({ id, flow, name: its }) => ({ value: id, label: `${flow.name}/${its}` }))}
        value={deployment}
        error={fieldError(save.error, "deployment_id")}
        onChange={setDeployment}
      />
      <TextInput label="A month may cost" value={amount} inputMode="decimal" error={fieldError(save.error, "amount")} onChange={(event) => setAmount(event.currentTarget.value)} />
      <TextInput label="Currency" value={currency} maxLength={3} error={fieldError(save.error, "currency")} onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())} />
    </FormDialog>
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
      No event tells of it from then on.
    </ConfirmDialog>
  );
}
