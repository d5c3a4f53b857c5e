import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Channel, ChannelKind, CreatedChannel, Delivery, Outcome } from "@/schema/wire/channels";

const MOST_CHANNELS = 100;

/** Automations choose among channels too, so the key says nothing of settings. */
export function channelsQuery(workspace: string) {
  return queryOptions({
    queryKey: ["channels", workspace] as const,
    queryFn: ({ signal }) => request<Page<Channel>>(workspaceUrl(workspace, "/channels"), { query: { limit: MOST_CHANNELS }, signal }),
  });
}

export interface ChannelInput {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly config: Readonly<Record<string, unknown>>;
}

export function createChannel(workspace: string, body: ChannelInput): Promise<CreatedChannel> {
  return request<CreatedChannel>(workspaceUrl(workspace, "/channels"), { method: "POST", body });
}

export function changeChannel(workspace: string, id: string, body: Partial<Omit<ChannelInput, "kind">>): Promise<Channel> {
  return request<Channel>(workspaceUrl(workspace, `/channels/${id}`), { method: "PATCH", body });
}

export function deleteChannel(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/channels/${id}`), { method: "DELETE" });
}

export function testChannel(workspace: string, id: string): Promise<Outcome> {
  return request<Outcome>(workspaceUrl(workspace, `/channels/${id}/tests`), { method: "POST" });
}

const DELIVERIES = 25;

/** Below the key of the channels: who looks at them anew looks at these too. */
export function deliveriesQuery(workspace: string, id: string) {
  return infiniteQueryOptions({
    queryKey: [...channelsQuery(workspace).queryKey, id, "deliveries"] as const,
    queryFn: ({ pageParam, signal }) =>
      request<Page<Delivery>>(workspaceUrl(workspace, `/channels/${id}/deliveries`), { signal, query: { limit: DELIVERIES, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
}
