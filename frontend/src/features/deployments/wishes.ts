import type { RunInput } from "@/schema/wire/deployments";

/** What may be said of a run besides its parameters, as it is typed. */
export interface Wishes {
  readonly name: string;
  readonly tags: readonly string[];
  /** Wall clock of the person; "" for at once. */
  readonly startAt: string;
  readonly priority: string | number;
  /** By name; "" for the deployment's own. */
  readonly queue: string;
}

/** The server's names of what has a field of its own below the parameters. */
export const WISH_FIELDS = ["name", "tags", "scheduled_for", "priority", "queue"] as const;

type Body = Omit<RunInput, "parameters" | "tags">;
type Read = { readonly ok: true; readonly body: Body } | { readonly ok: false; readonly problems: Readonly<Record<string, string>> };

/** What is to be sent; what is left empty is left out. */
export function readWishes({ name, startAt, priority, queue }: Wishes, now: number): Read {
  const at = startAt === "" ? null : new Date(startAt);
  if (at !== null && Number.isNaN(at.getTime())) return { ok: false, problems: { scheduled_for: "Enter a date and a time." } };
  // The clock of the field has no seconds: the present minute is not the past.
  if (at !== null && at.getTime() < now - 60_000) return { ok: false, problems: { scheduled_for: "That is over. Left empty, it starts at once." } };
  return {
    ok: true,
    body: {
      ...(name.trim() === "" ? {} : { name: name.trim() }),
      ...(at === null ? {} : { scheduled_for: at.toISOString() }),
      ...(typeof priority === "number" && priority !== 0 ? { priority } : {}),
      ...(queue === "" ? {} : { queue }),
    },
  };
}
