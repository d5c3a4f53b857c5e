import { oneOf, textOf } from "@/lib/search-params";
import { formatStep } from "@/lib/time";
import { plural } from "@/lib/units";
import type { Deployment, DeploymentRow, Schedule } from "@/schema/wire/deployments";

export interface DeploymentsSearch {
  readonly q?: string | undefined;
  readonly tag?: string | undefined;
}

export function parseDeploymentsSearch(search: Record<string, unknown>): DeploymentsSearch {
  return { q: textOf(search["q"]), tag: textOf(search["tag"]) };
}

export const DEPLOYMENT_TABS = ["overview", "versions", "levels"] as const;
export type DeploymentTab = (typeof DEPLOYMENT_TABS)[number];

export interface DeploymentSearch {
  /** The form that starts a run. */
  readonly run?: "now" | undefined;
  /** The form of a schedule: its id, or "new". */
  readonly schedule?: string | undefined;
  readonly tab?: DeploymentTab | undefined;
  /** The version whose differences are open. */
  readonly version?: string | undefined;
  /** The service level whose breaches are open. */
  readonly level?: string | undefined;
}

export function parseDeploymentSearch(search: Record<string, unknown>): DeploymentSearch {
  return { run: oneOf(search["run"], ["now"]), schedule: textOf(search["schedule"]), tab: oneOf(search["tab"], DEPLOYMENT_TABS), version: textOf(search["version"]), level: textOf(search["level"]) };
}

export function filterDeployments(rows: readonly DeploymentRow[], { q, tag }: DeploymentsSearch): DeploymentRow[] {
  const needle = q?.toLowerCase();
  return rows
    .filter((row) => tag === undefined || row.tags.includes(tag))
    .filter((row) => needle === undefined || `${row.flow.name} ${row.name} ${row.tags.join(" ")}`.toLowerCase().includes(needle))
    .sort((a, b) => a.flow.name.localeCompare(b.flow.name) || a.name.localeCompare(b.name));
}

/** What else there is to know of a schedule, beside when: only what is not as usual. */
export function scheduleNotes(schedule: Pick<Schedule, "jitter_seconds" | "missed_policy" | "missed_cap" | "parameters" | "declared">): string {
  const own = Object.keys(schedule.parameters);
  return [
    ...(schedule.jitter_seconds === 0 ? [] : [`up to ${formatStep(schedule.jitter_seconds)} later`]),
    ...(schedule.missed_policy === "SKIP" ? ["missed times are skipped"] : []),
    ...(schedule.missed_policy === "ALL" ? [`makes up for ${plural(schedule.missed_cap, "missed time")}`] : []),
    ...(own.length === 0 ? [] : [`sets ${own.join(", ")}`]),
    ...(schedule.declared ? [] : ["made by hand, deploys leave it alone"]),
  ].join(" · ");
}

/** Finished runs' success among the recent ones, or null when none has finished. */
export function recentSuccess(row: Pick<DeploymentRow, "recent_runs">): number | null {
  const finished = row.recent_runs.filter((run) => ["COMPLETED", "FAILED", "CRASHED"].includes(run.state_type));
  if (finished.length === 0) return null;
  return finished.filter((run) => run.state_type === "COMPLETED").length / finished.length;
}

const ROUND_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000];
const MOST_LINES = 3;

/** Round durations up to the longest one, for the lines of a chart. */
export function durationTicks(longest: number): number[] {
  const step = ROUND_MS.find((each) => longest / each <= MOST_LINES) ?? longest;
  return Array.from({ length: Math.floor(longest / step) }, (_, index) => (index + 1) * step);
}

const BAD: readonly string[] = ["FAILED", "CRASHED"];

/** Whether the last run that ended by itself went wrong. */
export function isInTrouble(row: Pick<DeploymentRow, "recent_runs">): boolean {
  const last = row.recent_runs.find((run) => run.state_type === "COMPLETED" || BAD.includes(run.state_type));
  return last !== undefined && BAD.includes(last.state_type);
}

/** The schedule that wants to start runs and can't, as its time zone or its rule means nothing. */
export function restingSchedule(row: Pick<DeploymentRow, "schedules">): Schedule | null {
  return row.schedules.find((each) => each.fault !== null && !each.paused) ?? null;
}

/** Whether its newest run should have begun by now. */
export function isLate(row: Pick<DeploymentRow, "recent_runs">): boolean {
  return row.recent_runs[0]?.state === "LATE";
}

/** What the page of deployments opens with; failures and schedules at rest are told before lateness. */
export function deploymentsAnswer(rows: readonly Pick<DeploymentRow, "recent_runs" | "schedules">[]): string {
  const [total, trouble, late] = [rows.length, rows.filter((row) => isInTrouble(row) || restingSchedule(row) !== null).length, rows.filter(isLate).length];
  const of = plural(total, "deployment");
  if (trouble > 0) return `${trouble} of ${of} ${trouble === 1 ? "needs" : "need"} you${late === 0 ? "" : `, ${late} ${late === 1 ? "is" : "are"} late`}`;
  if (late > 0) return `${late} of ${of} ${late === 1 ? "is" : "are"} late`;
  return total === 1 ? "The one deployment is fine" : `All ${total} deployments are fine`;
}

/** What becomes of a run that finds no room. */
export const OVERLAP_WORDS: Readonly<Record<Deployment["overlap"], string>> = {
  ALLOW: "starts all the same",
  QUEUE: "waits for its turn",
  SKIP: "is skipped",
  CANCEL_RUNNING: "cancels what goes on",
};

/** "at most 2 at once; another one waits for its turn" */
export function overlapText({ overlap, concurrency_limit: limit }: Pick<Deployment, "overlap" | "concurrency_limit">): string {
  if (overlap === "ALLOW") return limit === null ? "any number at once" : `at most ${limit} at once; another one waits`;
  return `at most ${limit ?? 1} at once; another one ${OVERLAP_WORDS[overlap]}`;
}

/** Where its code is, in one line. */
export function codeText({ code, bundle, path }: Pick<Deployment, "code" | "bundle" | "path">): string {
  if (code !== null) {
    if (code.kind === "image") return code.image ?? "an image";
    const ref = code.ref == null || code.ref === "" ? "" : ` @ ${code.ref}`;
    return `${code.url ?? ""}${ref}`;
  }
  return bundle === null ? path : "a bundle, uploaded";
}
