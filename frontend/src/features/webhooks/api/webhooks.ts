import { queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { CreatedWebhook, Refused, Webhook, WebhookPreset, WebhookPreview } from "@/schema/wire/webhooks";

const MOST_WEBHOOKS = 100;
const LATEST_REFUSED = 10;

export function webhooksQuery(workspace: string) {
  return queryOptions({
    queryKey: ["webhooks", workspace] as const,
    queryFn: ({ signal }) => request<Page<Webhook>>(workspaceUrl(workspace, "/webhooks"), { query: { limit: MOST_WEBHOOKS }, signal }),
  });
}

/** What was delivered and could not be taken: by day and reason, of all webhooks. */
export function refusedQuery(workspace: string) {
  return queryOptions({
    queryKey: [...webhooksQuery(workspace).queryKey, "refused"] as const,
    queryFn: ({ signal }) => request<Page<Refused>>(workspaceUrl(workspace, "/refused"), { query: { door: "webhook", limit: LATEST_REFUSED }, signal }),
  });
}

export interface WebhookSettings {
  readonly name?: string;
  readonly secret?: string;
  readonly template?: string;
  readonly topic_arn?: string;
  readonly header?: string;
  readonly enabled?: boolean;
}

export function createWebhook(workspace: string, body: WebhookSettings & { readonly preset: WebhookPreset }): Promise<CreatedWebhook> {
  return request<CreatedWebhook>(workspaceUrl(workspace, "/webhooks"), { method: "POST", body });
}

export function changeWebhook(workspace: string, id: string, body: WebhookSettings): Promise<Webhook> {
  return request<Webhook>(workspaceUrl(workspace, `/webhooks/${id}`), { method: "PATCH", body });
}

export function rotateWebhook(workspace: string, id: string): Promise<CreatedWebhook> {
  return request<CreatedWebhook>(workspaceUrl(workspace, `/webhooks/${id}/rotation`), { method: "POST", body: {} });
}

export function deleteWebhook(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/webhooks/${id}`), { method: "DELETE" });
}

export function previewTemplate(workspace: string, body: { readonly template: string; readonly body: unknown }): Promise<WebhookPreview> {
  return request<WebhookPreview>(workspaceUrl(workspace, "/webhooks/preview"), { method: "POST", body });
}
