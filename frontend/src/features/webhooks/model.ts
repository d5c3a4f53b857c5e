import type { WebhookSettings } from "@/features/webhooks/api/webhooks";
import type { Webhook, WebhookPreset } from "@/schema/wire/webhooks";

export const PRESET_NAMES: Record<WebhookPreset, string> = {
  GITHUB: "GitHub",
  STRIPE: "Stripe",
  SNS: "S3 and others by Amazon SNS",
  EVENTBRIDGE: "Amazon EventBridge",
  SLACK: "Slack",
  DBT_CLOUD: "dbt Cloud",
  GENERIC: "Any sender of JSON",
  CUSTOM: "Any sender, by a template",
};

/** What is to be done at the other end. */
export const PRESET_WORDS: Record<WebhookPreset, string> = {
  GITHUB: "Settings of the repository → Webhooks: the address, and the secret. Either content type.",
  STRIPE: "Developers → Webhooks: add the address there first, then paste its signing secret here.",
  SNS: "Subscribe the address to the topic with the protocol HTTPS, raw message delivery off. It confirms itself.",
  EVENTBRIDGE: "An API destination; its connection has an API key in the header X-Api-Key: the secret.",
  SLACK: "Event Subscriptions of the app: the address is the request URL. The secret is the app’s signing secret.",
  DBT_CLOUD: "Account settings → Webhooks: add the address there first, then paste its secret here.",
  GENERIC: "Each delivery becomes one event, webhook.received, with the body as its payload.",
  CUSTOM: "A template makes events of what is delivered.",
};

type Secret = "told" | "drawn" | "optional" | "none";
const SECRETS: Record<WebhookPreset, Secret> = {
  GITHUB: "drawn",
  STRIPE: "told",
  SNS: "none",
  EVENTBRIDGE: "drawn",
  SLACK: "told",
  DBT_CLOUD: "told",
  GENERIC: "optional",
  CUSTOM: "optional",
};

export const SAMPLE_BODY = '{\n  "orders": [\n    {"id": 7, "state": "PAID"}\n  ]\n}';
export const SAMPLE_TEMPLATE = `[{% for order in body.orders %}
  {"name": "order.{{ order.state | lower }}",
   "resource": {"kind": "order", "name": {{ order.id | string | tojson }}},
   "payload": {{ order | tojson }}}{% if not loop.last %},{% endif %}
{% endfor %}]`;

export interface WebhookDraft {
  readonly name: string;
  readonly preset: WebhookPreset;
  readonly secret: string;
  readonly topicArn: string;
  readonly template: string;
}

export function draftOf(webhook: Webhook | null): WebhookDraft {
  if (webhook === null) return { name: "", preset: "GITHUB", secret: "", topicArn: "", template: SAMPLE_TEMPLATE };
  return { name: webhook.name, preset: webhook.preset, secret: "", topicArn: webhook.topic_arn, template: webhook.template };
}

export function hasSecret(preset: WebhookPreset): boolean {
  return SECRETS[preset] !== "none";
}

/** What stands below the field of the secret. */
export function secretWords(preset: WebhookPreset, isNew: boolean): string {
  if (!isNew) return "Leave it empty to keep it.";
  switch (SECRETS[preset]) {
    case "told":
      return "What the service shows as its secret.";
    case "drawn":
      return "Left empty, one is drawn and shown once.";
    default:
      return "Without one, whoever knows the address may send there.";
  }
}

/** Why the form can't be sent yet; null when it can. */
export function draftGap(draft: WebhookDraft, isNew: boolean): string | null {
  if (draft.name.trim() === "") return "Give it a name.";
  if (isNew && SECRETS[draft.preset] === "told" && draft.secret === "") return "Paste the service’s secret.";
  if (draft.preset === "SNS" && draft.topicArn.trim() === "") return "Name the topic.";
  if (draft.preset === "CUSTOM" && draft.template.trim() === "") return "Write a template.";
  return null;
}

/** What of the draft the preset minds. */
export function draftSettings(draft: WebhookDraft): WebhookSettings {
  return {
    name: draft.name.trim(),
    ...(draft.secret === "" ? {} : { secret: draft.secret }),
    ...(draft.preset === "SNS" ? { topic_arn: draft.topicArn.trim() } : {}),
    ...(draft.preset === "CUSTOM" ? { template: draft.template } : {}),
  };
}

/** The sample as JSON where it is some, else as the text that it is. */
export function sampleOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
