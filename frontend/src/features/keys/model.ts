import { oneOf, textOf } from "@/lib/search-params";
import { plural } from "@/lib/units";
import type { ApiKey } from "@/schema/wire/keys";

export const KEY_STATES = ["active", "stale", "endless", "ended"] as const;
export type KeyState = (typeof KEY_STATES)[number];
export const KEY_OWNERS = ["mine", "personal", "service"] as const;
export type KeyOwner = (typeof KEY_OWNERS)[number];

export interface KeysSearch {
  readonly state?: KeyState | undefined;
  readonly owner?: KeyOwner | undefined;
  /** Keys of this service account only. */
  readonly service?: string | undefined;
}

export function parseKeysSearch(search: Record<string, unknown>): KeysSearch {
  return { state: oneOf(search["state"], KEY_STATES), owner: oneOf(search["owner"], KEY_OWNERS), service: textOf(search["service"]) };
}

export const STATE_WORDS: Readonly<Record<KeyState, string>> = {
  active: "Active",
  stale: "Stale: unused for 90 days",
  endless: "Without an end",
  ended: "Ended or revoked",
};

export const OWNER_WORDS: Readonly<Record<KeyOwner, string>> = { mine: "Mine", personal: "Of people", service: "Of service accounts" };

export const ROLE_WORDS: Readonly<Record<string, string>> = {
  DEVELOPER: "Everything but people, roles and the workspace itself",
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

/** What to say of a key whose holder may do less today than when it was made. */
export function keyWeakness(key: Pick<ApiKey, "scopes" | "effective_scopes" | "service_account">): string | null {
  if (key.effective_scopes.length === key.scopes.length) return null;
  const holder = key.service_account === null ? "its maker" : key.service_account.name;
  if (key.effective_scopes.length === 0) return `does nothing: ${holder} may do none of it now`;
  return `${plural(key.effective_scopes.length, "scope")} of ${key.scopes.length}: ${holder} may do no more`;
}

/** Why somebody who manages keys may still not put another one in this one's place; null when they may. */
export function rotationDenial(key: Pick<ApiKey, "scopes" | "service_account" | "created_by">, userId: string | undefined, held: readonly string[]): string | null {
  if (key.service_account === null && key.created_by?.id !== userId) return "Only its owner may replace a personal key. It can be revoked.";
  return key.scopes.every((scope) => held.includes(scope)) ? null : "It may do more than you; only who may do as much can replace it.";
}

const DAY_MS = 86_400_000;

export const LIFETIMES = [
  { value: "7", label: "In 7 days" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "date", label: "On a day of my choice" },
  { value: "never", label: "Never" },
] as const;

/** When a key ends that is made now; null: never, undefined: not said yet. */
export function endOf(lifetime: string, day: string, now: number): string | null | undefined {
  if (lifetime === "never") return null;
  if (lifetime !== "date") return new Date(now + Number(lifetime) * DAY_MS).toISOString();
  const end = Date.parse(`${day}T23:59:59Z`);
  return Number.isNaN(end) || end <= now ? undefined : new Date(end).toISOString();
}

export const OVERLAPS = [
  { value: "0", label: "At once" },
  { value: "3600", label: "In an hour" },
  { value: "86400", label: "In a day" },
  { value: "604800", label: "In 7 days" },
] as const;

/** Scopes by what they are about: "runs:write" → runs. */
export function bySubject(scopes: readonly string[]): { readonly subject: string; readonly scopes: readonly string[] }[] {
  const groups = new Map<string, string[]>();
  for (const scope of scopes) {
    const subject = (scope.split(":")[0] ?? "").replaceAll("_", " ");
    groups.set(subject, [...(groups.get(subject) ?? []), scope]);
  }
  return [...groups].map(([subject, own]) => ({ subject, scopes: own }));
}
