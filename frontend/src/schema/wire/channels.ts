import type { Schema } from "./schema";

export type ChannelKind = Schema<"ChannelOutput">["kind"];
export type Outcome = Schema<"OutcomeOutput">;
export type Delivery = Schema<"DeliveryOutput">;

/** What is shown of a configuration: addresses and URLs in part, secrets never. */
export interface MaskedConfig {
  readonly to?: readonly string[];
  readonly url?: string;
}

export type Channel = Omit<Schema<"ChannelOutput">, "config"> & { readonly config: MaskedConfig };
export type CreatedChannel = Omit<Schema<"NewChannelOutput">, "config"> & { readonly config: MaskedConfig };

export const CHANNEL_KINDS = ["EMAIL", "SLACK", "WEBHOOK"] as const satisfies readonly ChannelKind[];
