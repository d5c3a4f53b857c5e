import type { IconName } from "@/components/ui/icon";
import type { Channel, ChannelKind, Delivery } from "@/schema/wire/channels";

export const KIND_NAMES: Readonly<Record<ChannelKind, string>> = { EMAIL: "E-mail", SLACK: "Slack", WEBHOOK: "Webhook" };

export const KIND_WORDS: Readonly<Record<ChannelKind, string>> = {
  EMAIL: "Text and HTML, to confirmed addresses of members.",
  SLACK: "For Slack’s incoming webhooks, and what takes the same: Mattermost, Rocket.Chat, Discord’s address with /slack behind it.",
  WEBHOOK: "Signed JSON to an address of your own.",
};

export function channelTarget({ config }: Pick<Channel, "config">): string {
  return config.url ?? (config.to ?? []).join(", ");
}

export interface ChannelDraft {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly to: readonly string[];
  readonly url: string;
  readonly secret: string;
}

export const EMPTY_DRAFT: ChannelDraft = { name: "", kind: "EMAIL", to: [], url: "", secret: "" };

/** The configuration as typed; null when nothing of it was. */
export function draftConfig({ kind, to, url, secret }: ChannelDraft): Record<string, unknown> | null {
  if (kind === "EMAIL") return to.length === 0 ? null : { to };
  if (url.trim() === "" && secret === "") return null;
  return { url: url.trim(), ...(kind === "WEBHOOK" && secret !== "" ? { secret } : {}) };
}

/** Why the draft can't be saved yet; null when it can. A kept configuration need not be typed again. */
export function draftGap(draft: ChannelDraft, isNew: boolean): string | null {
  if (draft.name.trim() === "") return "Give it a name.";
  if (isNew && draftConfig(draft) === null) return draft.kind === "EMAIL" ? "Name somebody who gets the mails." : "Say which address is called.";
  if (draft.kind === "WEBHOOK" && draft.secret !== "" && draft.url.trim() === "") return "Another secret needs the address again.";
  return null;
}

const FIELDS = ["name", "config.to", "config.url", "config.secret"];

/** A refusal's sentence for below the form: what no field of it shows. */
export function loneMessage(message: string, fields: Readonly<Record<string, readonly string[]>>): string | null {
  const elsewhere = Object.entries(fields).flatMap(([field, said]) => (FIELDS.includes(field) ? [] : said));
  if (elsewhere.length > 0) return elsewhere.join(" ");
  return Object.keys(fields).length === 0 ? message : null;
}

interface DeliveryWords {
  readonly icon: IconName;
  readonly tone: string;
  readonly word: string;
}

export const DELIVERY_STATES: Readonly<Record<Delivery["state"], DeliveryWords>> = {
  SENDING: { icon: "clock", tone: "muted", word: "On its way" },
  DELIVERED: { icon: "check", tone: "good", word: "Delivered" },
  FAILED: { icon: "alert", tone: "bad", word: "Failed" },
};

/** The firing that a message is of; null for any other. */
export function firingOf(delivery: Pick<Delivery, "source">): string | null {
  return /^firing:([\da-f-]{36}):/.exec(delivery.source)?.[1] ?? null;
}

/** How often it was tried, where that is news. */
export function triesText({ attempts, interrupted }: Pick<Delivery, "attempts" | "interrupted">): string | null {
  const tries = attempts > 1 ? `${attempts} tries` : null;
  const lost = interrupted > 0 ? `the end of ${interrupted === 1 ? "one" : interrupted} is not known` : null;
  return [tries, lost].filter((each) => each !== null).join(", ") || null;
}
