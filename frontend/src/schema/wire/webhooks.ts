import type { Schema } from "./schema";

export type Webhook = Schema<"WebhookOutput">;
export type CreatedWebhook = Schema<"NewWebhookOutput">;
export type WebhookPreset = Webhook["preset"];
export type WebhookPreview = Schema<"WebhookPreviewOutput">;
export type Refused = Schema<"RefusedOutput">;

export const WEBHOOK_PRESETS = ["GITHUB", "STRIPE", "SNS", "EVENTBRIDGE", "SLACK", "DBT_CLOUD", "GENERIC", "CUSTOM"] as const satisfies readonly WebhookPreset[];
