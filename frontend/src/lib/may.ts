import { useDenial } from "@/lib/workspace";
import type { Schema } from "@/schema/wire/schema";

type Scope = Schema<"ScopesEnum">;

/** Why the server would refuse, from what it says of an action; null when it would not, or does not say. */
export function reasonOf(may: unknown): string | null {
  if (typeof may !== "object" || may === null || !("message" in may)) return null;
  return String(may.message);
}

/** Why the person may not use the scope on one thing: their role here, or the rules of that thing. */
export function useMay(may: Readonly<Record<string, unknown>>, scope: Scope): string | null {
  return useDenial(scope) ?? reasonOf(may[scope]);
}
