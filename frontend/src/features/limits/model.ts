import { formatCount, plural } from "@/lib/units";
import type { Limit, LimitKind } from "@/schema/wire/limits";

type SettableKind = Exclude<LimitKind, "BACKFILL">;

/** What a limit counts, as the form offers it. */
export const KIND_WORDS: Readonly<Record<LimitKind, string>> = {
  POOL: "Runs of a pool",
  QUEUE: "Runs of a queue",
  DEPLOYMENT: "Runs of a deployment",
  FLOW: "Runs of a flow",
  TAG: "Runs with a tag",
  BACKFILL: "Runs of a backfill",
  NAMED: "Slots that code asks for",
  RATE: "Calls that code asks for",
};

export const SETTABLE_KINDS: readonly SettableKind[] = ["TAG", "DEPLOYMENT", "FLOW", "POOL", "QUEUE", "NAMED", "RATE"];

/** "2 of 3 in use", "60 a minute", "Closed". */
export function usageText(limit: Pick<Limit, "slots" | "per_minute" | "used">): string {
  if (limit.per_minute !== null) return `${formatCount(limit.per_minute)} a minute`;
  if (limit.slots === 0) return limit.used === 0 ? "Closed" : `Closed, ${formatCount(limit.used)} still going on`;
  return `${formatCount(limit.used)} of ${formatCount(limit.slots ?? 0)} in use`;
}

/** How full it is, 0 to 1; null for a rate, which nobody holds. */
export function fullness(limit: Pick<Limit, "slots" | "used">): number | null {
  if (limit.slots === null) return null;
  return limit.slots === 0 ? 1 : Math.min(1, limit.used / limit.slots);
}

const MOST_COUNTED = 10_000;

/** "3 runs wait"; the server counts up to ten thousand. */
export function waitingText(limit: Pick<Limit, "waiting" | "kind">): string | null {
  if (limit.waiting === 0) return null;
  const what = limit.kind === "NAMED" ? "block" : "run";
  return limit.waiting >= MOST_COUNTED ? `over ${formatCount(MOST_COUNTED)} ${what}s` : plural(limit.waiting, what);
}

/** What the person still has to say; null when it can be sent. */
export function gapOf(key: string, much: number | string): string | null {
  if (key.trim() === "") return "Say what the limit is of.";
  return typeof much === "number" ? null : "Say how much it is.";
}
