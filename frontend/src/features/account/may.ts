/** Why the server would refuse, from what it says of an action; null when it would not, or does not say. */
export function reasonOf(may: unknown): string | null {
  if (typeof may !== "object" || may === null || !("message" in may)) return null;
  return String(may.message);
}
