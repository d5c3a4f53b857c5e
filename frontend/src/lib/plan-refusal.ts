import { ApiError } from "@/lib/errors";
import { meterAmount, meterUnit } from "@/lib/meters";
import { formatDate } from "@/lib/time";
import { formatCount } from "@/lib/units";

export interface PlanRefusal {
  /** What is used up. */
  readonly used: string;
  /** When it is there again by itself; null when only a larger plan helps. */
  readonly resets: string | null;
}

const THINGS: Readonly<Record<string, string>> = { users: "users", workspaces: "workspaces", max_users: "users", max_workspaces: "workspaces" };

/** What a 402 says, in the words of the usage page; null for any other error. */
export function planRefusal(error: unknown): PlanRefusal | null {
  if (!(error instanceof ApiError) || error.status !== 402) return null;
  const { meter, what, limit, used, resets_at } = error.details;
  if (typeof meter === "string" && typeof limit === "number") {
    const spent = typeof used === "number" ? `${meterAmount(meter, used)} of ` : "";
    const resets = typeof resets_at === "string" ? `Until ${formatDate(resets_at)} nothing new starts; what runs goes on.` : null;
    return { used: `The plan’s ${meterUnit(meter)} of this month are used up: ${spent}${meterAmount(meter, limit)}.`, resets };
  }
  if (typeof what === "string" && typeof limit === "number") {
    const thing = THINGS[what] ?? what.replaceAll("_", " ");
    const spent = typeof used === "number" ? `${formatCount(used)} of ${formatCount(limit)}` : formatCount(limit);
    return { used: `The plan’s ${thing} are used up: ${spent}.`, resets: null };
  }
  return { used: error.message, resets: null };
}
