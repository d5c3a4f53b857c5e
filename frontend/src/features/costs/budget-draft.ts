import { amountGap, currencyGap, formatMoney } from "@/features/costs/model";
import { formatDate } from "@/lib/time";
import type { Budget, BudgetInput, PastMonth } from "@/schema/wire/costs";

export const OFS = ["workspace", "deployment", "team", "model"] as const;
export type BudgetOf = (typeof OFS)[number];

export const OF_WORDS: Readonly<Record<BudgetOf, string>> = { workspace: "Workspace", deployment: "Deployment", team: "Team", model: "Model" };

export interface BudgetDraft {
  readonly name: string;
  readonly of: BudgetOf;
  /** The id of the deployment or team, the name of the model. */
  readonly value: string;
  readonly amount: string;
  readonly currency: string;
  readonly channel: string | null;
}

export function emptyBudget(): BudgetDraft {
  return { name: "", of: "workspace", value: "", amount: "", currency: "USD", channel: null };
}

/** Why it can't be sent yet. */
export function budgetGap(draft: BudgetDraft): string | null {
  if (draft.name.trim() === "") return "Give it a name.";
  if (draft.of !== "workspace" && draft.value.trim() === "") return `Say of which ${draft.of}.`;
  return amountGap(draft.amount, false) ?? currencyGap(draft.currency);
}

export function wireBudget(draft: BudgetDraft): BudgetInput {
  const value = (of: BudgetOf) => (draft.of === of ? draft.value.trim() : null);
  return {
    name: draft.name.trim(),
    amount: draft.amount.trim(),
    currency: draft.currency,
    deployment_id: value("deployment"),
    team_id: value("team"),
    model: value("model"),
    channel_id: draft.channel,
  };
}

/** "In the last 3 months it would have been reached on 17 Sep 2026; …" */
export function budgetPreviewText(months: readonly PastMonth[], currency: string): string {
  const past = months.slice(0, -1);
  const current = months.at(-1);
  const reached = past.flatMap((month) => (month.reached_on === null ? [] : [formatDate(month.reached_on)]));
  const highest = Math.max(0, ...past.map((month) => Number(month.spent)));
  const before = reached.length === 0 ? `In the last ${past.length} months it would not have been reached; the dearest cost ${formatMoney(highest, currency)}.` : `In the last ${past.length} months it would have been reached on ${reached.join(" and on ")}.`;
  if (current === undefined) return before;
  const now = `This month so far: ${formatMoney(current.spent, currency)}`;
  return `${before} ${now}${current.reached_on === null ? "." : ", so it would fire at once."}`;
}

/** Of what a budget is, below its name. */
export function budgetOfText({ of, sentence }: Pick<Budget, "of" | "sentence">): string {
  if (of.kind === "workspace") return "the whole workspace";
  if (of.kind === "other") return sentence;
  if (of.name === null) return `a ${of.kind} that is gone`;
  return of.kind === "deployment" ? of.name : `${of.kind} ${of.name}`;
}
