import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { rangeKey, resolveRange, type Preset } from "@/lib/time";
import type { Automation, AutomationRow, Firing, Preview, Trigger, WireAction } from "@/schema/wire/automations";

export const automationKeys = {
  all: (workspace: string) => ["automations", workspace] as const,
  list: (workspace: string) => [...automationKeys.all(workspace), "list"] as const,
  one: (workspace: string, id: string) => [...automationKeys.all(workspace), "one", id] as const,
  firings: (workspace: string, id: string | null) => [...automationKeys.all(workspace), "firings", id] as const,
};

const MOST = 500;
const FIRINGS_AT_ONCE = 50;

export function automationsQuery(workspace: string) {
  return queryOptions({
    queryKey: automationKeys.list(workspace),
    queryFn: ({ signal }) => request<Page<AutomationRow>>(workspaceUrl(workspace, "/automations"), { signal, query: { limit: MOST } }),
    refetchInterval: 15_000,
  });
}

export function automationQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: automationKeys.one(workspace, id),
    queryFn: ({ signal }) => request<Automation>(workspaceUrl(workspace, `/automations/${id}`), { signal }),
  });
}

/** When one rule held, or (null) any of the workspace. */
export function firingsQuery(workspace: string, id: string | null) {
  return infiniteQueryOptions({
    queryKey: automationKeys.firings(workspace, id),
    queryFn: ({ pageParam, signal }) =>
      request<Page<Firing>>(workspaceUrl(workspace, id === null ? "/firings" : `/automations/${id}/firings`), {
        signal,
        query: { limit: FIRINGS_AT_ONCE, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 10_000,
  });
}

/** What the trigger would have made of the range; asked again as it changes. */
export function previewQuery(workspace: string, trigger: Trigger | null, range: Preset) {
  return queryOptions({
    queryKey: [...automationKeys.all(workspace), "preview", rangeKey({ range }), trigger] as const,
    queryFn: async ({ signal }) => {
      const span = resolveRange({ range }, Date.now());
      const answer = await request<Preview>(workspaceUrl(workspace, "/automations/preview"), { method: "POST", signal, body: { trigger, ...span } });
      return { ...answer, ...span };
    },
    enabled: trigger !== null,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}

export interface AutomationInput {
  readonly name: string;
  readonly description: string;
  readonly trigger: Trigger | null;
  readonly actions: readonly WireAction[];
}

export function createAutomation(workspace: string, body: AutomationInput): Promise<Automation> {
  return request<Automation>(workspaceUrl(workspace, "/automations"), { method: "POST", body });
}

export interface AutomationChange extends Partial<AutomationInput> {
  readonly paused?: boolean;
  /** The version that was read: another one by now is refused. */
  readonly version?: number;
}

export function changeAutomation(workspace: string, id: string, body: AutomationChange): Promise<Automation> {
  return request<Automation>(workspaceUrl(workspace, `/automations/${id}`), { method: "PATCH", body });
}

export function deleteAutomation(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/automations/${id}`), { method: "DELETE" });
}
