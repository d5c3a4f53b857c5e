import { STATE_TYPES } from "@/lib/run-state";
import { oneOf, textOf } from "@/lib/search-params";
import { formatDuration, plural } from "@/lib/units";
import { momentOf } from "@/lib/zones";
import type { BackfillInput, BackfillPreview, BackfillRow } from "@/schema/wire/backfills";

export const PART_STATES = ["UNMADE", ...STATE_TYPES] as const;

export interface BackfillsSearch {
  readonly deployment?: string | undefined;
}

export interface BackfillSearch {
  readonly state?: (typeof PART_STATES)[number] | undefined;
}

export function parseBackfillsSearch(search: Record<string, unknown>): BackfillsSearch {
  return { deployment: textOf(search["deployment"]) };
}

export function parseBackfillSearch(search: Record<string, unknown>): BackfillSearch {
  return { state: oneOf(search["state"], PART_STATES) };
}

/** What the form holds; moments are on the wall of its zone. */
export interface BackfillDraft {
  readonly deployment: string;
  readonly name: string;
  readonly by: "schedule" | "cron" | "interval" | "partitions";
  readonly schedule: string;
  readonly cron: string;
  readonly hours: string;
  readonly timezone: string;
  readonly since: string;
  readonly until: string;
  readonly partitions: string;
  readonly parameter: string;
  /** The others that it sets itself; null while one of them is not right. */
  readonly parameters: Readonly<Record<string, unknown>> | null;
  readonly concurrency: string;
  readonly priority: string;
}

/** What is asked for, or what is still missing. */
export function readDraft(draft: BackfillDraft): { readonly body: BackfillInput } | { readonly gap: string } {
  if (draft.deployment === "") return { gap: "Choose a deployment." };
  if (draft.parameter === "") return { gap: "Choose the parameter that gets the part." };
  if (draft.parameters === null) return { gap: "Mend its own parameters." };
  const concurrency = Number(draft.concurrency);
  if (!Number.isInteger(concurrency) || concurrency < 1) return { gap: "Say how many go on at once." };
  const priority = Number(draft.priority);
  if (!Number.isInteger(priority)) return { gap: "Say with which priority." };
  const name = draft.name.trim();
  const common = {
    deployment_id: draft.deployment,
    ...(name === "" ? {} : { name }),
    parameter: draft.parameter,
    ...(Object.keys(draft.parameters).length === 0 ? {} : { parameters: draft.parameters }),
    concurrency,
    priority,
  };
  if (draft.by === "partitions") {
    const partitions = partitionsOf(draft.partitions);
    return partitions.length === 0 ? { gap: "Name the partitions, one a line." } : { body: { ...common, kind: "PARTITIONS", partitions } };
  }
  const [since, until] = [momentOf(draft.since, draft.timezone), momentOf(draft.until, draft.timezone)];
  if (since === null || until === null) return { gap: "Say from when until when." };
  if (until <= since) return { gap: "The range ends before it begins." };
  const range = { ...common, kind: "RANGE", since: new Date(since).toISOString(), until: new Date(until).toISOString() } as const;
  if (draft.by === "schedule") return draft.schedule === "" ? { gap: "Choose the schedule whose times are filled." } : { body: { ...range, schedule_id: draft.schedule } };
  if (draft.by === "cron") return draft.cron.trim().split(/\s+/).length === 5 ? { body: { ...range, cron: draft.cron.trim(), timezone: draft.timezone } } : { gap: "A cron line has five fields." };
  const seconds = Math.round(Number(draft.hours) * 3_600);
  return seconds >= 1 ? { body: { ...range, interval_seconds: seconds, timezone: draft.timezone } } : { gap: "Say every how many hours." };
}

/** All that was refused of which parameter; of what has a field of its own, the reason is enough. */
export function refusedText(fields: Readonly<Record<string, readonly string[]>>): string {
  const place = "parameters.";
  return Object.entries(fields)
    .map(([key, reasons]) => (key.startsWith(place) ? `${key.slice(place.length)}: ${reasons.join(" ")}` : reasons.join(" ")))
    .join(" ");
}

/** One a line, or with commas; each once. */
export function partitionsOf(text: string): string[] {
  return [...new Set(text.split(/[\n,]/).map((each) => each.trim()).filter((each) => each !== ""))];
}

/** "about 12m each, 2h 24m in all", from what past runs took. */
export function estimateText({ estimate }: BackfillPreview): string {
  if (estimate.seconds_each === null || estimate.seconds_total === null) return "No run has succeeded yet: how long it takes can’t be told.";
  const { task_runs: tasks, vcpu_seconds: vcpu } = estimate.cost;
  const cost = [...(tasks === null ? [] : [plural(tasks, "task run")]), ...(vcpu === null ? [] : [`${formatDuration(vcpu * 1_000)} of vCPU`])];
  return `About ${formatDuration(estimate.seconds_each * 1_000)} each, ${formatDuration(estimate.seconds_total * 1_000)} in all${cost.length === 0 ? "" : `; ${cost.join(", ")}`}. From ${plural(estimate.past_runs, "run")} of before.`;
}

export const BACKFILL_WORDS: Readonly<Record<BackfillRow["state"], string>> = { RUNNING: "Going on", PAUSED: "Paused", COMPLETED: "Done", CANCELLED: "Cancelled" };

export function titleOf(backfill: Pick<BackfillRow, "name" | "deployment">): string {
  return backfill.name === "" ? `Backfill of ${backfill.deployment.name}` : backfill.name;
}

export function isOver(backfill: Pick<BackfillRow, "state">): boolean {
  return backfill.state === "COMPLETED" || backfill.state === "CANCELLED";
}
