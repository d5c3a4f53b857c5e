import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { newIdempotencyKey, request, workspaceUrl } from "@/lib/api-client";
import type { AccountPlan, PlanCode, Usage } from "@/schema/wire/billing";

export const billingKeys = {
  all: ["billing"] as const,
  usage: (workspace: string, month: string | undefined) => [...billingKeys.all, "usage", workspace, month ?? "now"] as const,
  accountUsage: (account: string, month: string | undefined) => [...billingKeys.all, "account-usage", account, month ?? "now"] as const,
  plan: (account: string) => [...billingKeys.all, "plan", account] as const,
};

const FRESH_MS = 10_000; // who comes to look wants what is, and the loops count within a second
const REFRESH_MS = 5 * 60_000;

/** Of the month given, else of the present one, which the banner over every page reads too. */
export function usageQuery(workspace: string, month?: string) {
  return queryOptions({
    queryKey: billingKeys.usage(workspace, month),
    queryFn: ({ signal }) => request<Usage>(workspaceUrl(workspace, "/usage"), { signal, query: { month } }),
    staleTime: FRESH_MS,
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });
}

const accountUrl = (account: string, rest: string) => `/api/v1/account/${account}${rest}`;

export function accountUsageQuery(account: string, month?: string) {
  return queryOptions({
    queryKey: billingKeys.accountUsage(account, month),
    queryFn: ({ signal }) => request<Usage>(accountUrl(account, "/usage"), { signal, query: { month } }),
    staleTime: FRESH_MS,
    placeholderData: keepPreviousData,
  });
}

/** Refused with 403 to whoever has nothing to do with what the account pays. */
export function planQuery(account: string) {
  return queryOptions({
    queryKey: billingKeys.plan(account),
    queryFn: ({ signal }) => request<AccountPlan>(accountUrl(account, "/plan"), { signal }),
    staleTime: FRESH_MS,
  });
}

/** The address where the plan is paid for; it leads back to the path of ours. */
export function startCheckout(account: string, plan: PlanCode, returnTo: string): Promise<{ url: string }> {
  const body = { plan, return_to: returnTo };
  return request<{ url: string }>(accountUrl(account, "/checkout"), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}

/** The address where cards, invoices and the end of the subscription are seen to; it leads back to the path of ours. */
export function openPortal(account: string, returnTo: string): Promise<{ url: string }> {
  const body = { return_to: returnTo };
  return request<{ url: string }>(accountUrl(account, "/portal"), { method: "POST", body, idempotencyKey: newIdempotencyKey() });
}
