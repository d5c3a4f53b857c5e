import { oneOf, textOf } from "@/lib/search-params";
import { plural } from "@/lib/units";
import type { ApiKey } from "@/schema/wire/settings";

export const SETTINGS_TABS = ["general", "members", "keys", "channels"] as const;
export type SettingsTab = (typeof SETTINGS_TABS)[number];

export interface SettingsSearch {
  readonly tab?: SettingsTab | undefined;
  /** The channel whose messages are shown. */
  readonly channel?: string | undefined;
}

export function parseSettingsSearch(search: Record<string, unknown>): SettingsSearch {
  return { tab: oneOf(search["tab"], SETTINGS_TABS), channel: textOf(search["channel"]) };
}

export const ROLE_WORDS: Readonly<Record<string, string>> = {
  OWNER: "Everything, members and the workspace itself included",
  DEVELOPER: "Everything but members and the workspace itself",
  RUNNER: "Sees everything, starts, retries and cancels runs",
  VIEWER: "Sees everything, changes nothing",
  AGENT: "Takes runs from pools and reports on them",
};

export function roleName(role: string): string {
  return role.charAt(0) + role.slice(1).toLowerCase();
}

export type KeyStatus = "active" | "expired" | "revoked";

export function keyStatus(key: Pick<ApiKey, "revoked_at" | "expires_at">, now: number): KeyStatus {
  if (key.revoked_at !== null) return "revoked";
  return key.expires_at !== null && Date.parse(key.expires_at) <= now ? "expired" : "active";
}

/** What to say of a key whose maker may do less today than when it was made. */
export function keyWeakness(key: Pick<ApiKey, "scopes" | "effective_scopes">): string | null {
  if (key.effective_scopes.length === key.scopes.length) return null;
  if (key.effective_scopes.length === 0) return "does nothing: its maker may do none of it now";
  return `${plural(key.effective_scopes.length, "scope")} of ${key.scopes.length}: its maker may do no more`;
}

export function sortKeys(keys: readonly ApiKey[], now: number): ApiKey[] {
  const rank = (key: ApiKey) => (keyStatus(key, now) === "active" ? 0 : 1);
  return [...keys].sort((a, b) => rank(a) - rank(b) || b.created_at.localeCompare(a.created_at));
}
