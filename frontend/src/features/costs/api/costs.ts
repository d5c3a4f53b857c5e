import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Channel } from "@/schema/wire/channels";
import type { Budget, BudgetInput, BudgetPreviewInput, Budgets, CostRuns, Costs, CostsBy, PastMonth, Price, PriceChange, PriceInput, Prices, RunCost } from "@/schema/wire/costs";
import type { DeploymentRow } from "@/schema/wire/deployments";

export const costKeys = {
  all: (workspace: string) => ["costs", workspace] as const,
};

const REFRESH_MS = 10_000;

export interface CostsAsked {
  readonly by: CostsBy;
  readonly from: string;
  readonly to: string;
}

export function costsQuery(workspace: string, asked: CostsAsked) {
  return queryOptions({
    queryKey: [...costKeys.all(workspace), "by", asked] as const,
    queryFn: ({ signal }) => request<Costs>(workspaceUrl(workspace, "/costs"), { signal, query: { ...asked } }),
    placeholderData: keepPreviousData,
  });
}

export interface CostRunsAsked extends CostsAsked {
  readonly key: string;
}

export function costRunsQuery(workspace: string, asked: CostRunsAsked) {
  return queryOptions({
    queryKey: [...costKeys.all(workspace), "runs", asked] as const,
    queryFn: ({ signal }) => request<CostRuns>(workspaceUrl(workspace, "/costs/runs"), { signal, query: { ...asked } }),
  });
}

/** A run that goes on spends on. */
export function runCostQuery(workspace: string, runId: string, going: boolean) {
  return queryOptions({
    queryKey: [...costKeys.all(workspace), "run", runId, going] as const,
    queryFn: ({ signal }) => request<RunCost>(workspaceUrl(workspace, `/runs/${runId}/cost`), { signal }),
    refetchInterval: going ? REFRESH_MS : false,
  });
}

export function pricesQuery(workspace: string) {
  return queryOptions({
    queryKey: [...costKeys.all(workspace), "prices"] as const,
    queryFn: ({ signal }) => request<Prices>(workspaceUrl(workspace, "/prices"), { signal }),
  });
}

export function budgetsQuery(workspace: string) {
  return queryOptions({
    queryKey: [...costKeys.all(workspace), "budgets"] as const,
    queryFn: ({ signal }) => request<Budgets>(workspaceUrl(workspace, "/budgets"), { signal }),
  });
}

/** What a budget would have meant in the last months. */
export function budgetPreviewQuery(workspace: string, { amount, currency, deployment_id, team_id, model }: BudgetInput) {
  const asked: BudgetPreviewInput = { amount, currency, deployment_id: deployment_id ?? null, team_id: team_id ?? null, model: model ?? null };
  return queryOptions({
    queryKey: [...costKeys.all(workspace), "budget-preview", asked] as const,
    queryFn: ({ signal }) => request<{ readonly months: readonly PastMonth[] }>(workspaceUrl(workspace, "/budgets/preview"), { method: "POST", body: asked, signal }),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

const MOST_DEPLOYMENTS = 500;

/** What a budget may be of. */
export function deploymentsWithCosts(workspace: string) {
  return queryOptions({
    queryKey: [...costKeys.all(workspace), "deployments"] as const,
    queryFn: ({ signal }) => request<Page<DeploymentRow>>(workspaceUrl(workspace, "/deployments"), { signal, query: { limit: MOST_DEPLOYMENTS } }),
    staleTime: 60_000,
  });
}

const WEEK_MS = 7 * 86_400_000;
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

/** The models that were called in the last twelve weeks, the dearest first. */
export function modelsWithCosts(workspace: string, now: number) {
  const asked: CostsAsked = { by: "model", from: day(now - 12 * WEEK_MS), to: day(now) };
  return queryOptions({ ...costsQuery(workspace, asked), select: (costs: Costs) => costs.groups.filter(({ key }) => key.startsWith("model:")).map(({ label }) => label) });
}

/** Whose budget it may be. */
export function teamsOfAccount(account: string) {
  return queryOptions({
    queryKey: ["costs", "teams-of", account] as const,
    queryFn: ({ signal }) => request<Page<{ readonly id: string; readonly name: string }>>(`/api/v1/account/${account}/teams`, { signal, query: { limit: MOST_DEPLOYMENTS } }),
    staleTime: 60_000,
  });
}

/** Where it may be told. */
export function budgetChannels(workspace: string) {
  return queryOptions({
    queryKey: [...costKeys.all(workspace), "channels"] as const,
    queryFn: ({ signal }) => request<Page<Channel>>(workspaceUrl(workspace, "/channels"), { signal, query: { limit: MOST_DEPLOYMENTS } }),
    staleTime: 60_000,
  });
}

export function createPrice(workspace: string, price: PriceInput): Promise<Price> {
  return request<Price>(workspaceUrl(workspace, "/prices"), { method: "POST", body: price });
}

export function changePrice(workspace: string, id: string, change: PriceChange): Promise<Price> {
  return request<Price>(workspaceUrl(workspace, `/prices/${id}`), { method: "PATCH", body: change });
}

export function deletePrice(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/prices/${id}`), { method: "DELETE" });
}

export function createBudget(workspace: string, budget: BudgetInput): Promise<Budget> {
  return request<Budget>(workspaceUrl(workspace, "/budgets"), { method: "POST", body: budget });
}

export function deleteBudget(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/budgets/${id}`), { method: "DELETE" });
}
