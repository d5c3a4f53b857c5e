import { oneOf, textOf } from "@/lib/search-params";

export const SETTINGS_TABS = ["general", "access", "keys", "channels", "prices", "storage", "webhooks", "schemas", "audit"] as const;
export type SettingsTab = (typeof SETTINGS_TABS)[number];

export interface SettingsSearch {
  readonly tab?: SettingsTab | undefined;
  /** The channel whose messages are shown. */
  readonly channel?: string | undefined;
}

/** What was linked as "members" is the Access tab today. */
export function parseSettingsTab(search: Record<string, unknown>): SettingsSearch {
  const tab = search["tab"] === "members" ? "access" : oneOf(search["tab"], SETTINGS_TABS);
  return { tab, channel: textOf(search["channel"]) };
}
