import { textOf } from "@/lib/search-params";
import { formatEvery } from "@/lib/time";
import type { DeploymentRow, Schedule } from "@/schema/wire/deployments";

export interface DeploymentsSearch {
  readonly q?: string | undefined;
  readonly tag?: string | undefined;
}

export function parseDeploymentsSearch(search: Record<string, unknown>): DeploymentsSearch {
  return { q: textOf(search["q"]), tag: textOf(search["tag"]) };
}

export function filterDeployments(rows: readonly DeploymentRow[], { q, tag }: DeploymentsSearch): DeploymentRow[] {
  const needle = q?.toLowerCase();
  return rows
    .filter((row) => tag === undefined || row.tags.includes(tag))
    .filter((row) => needle === undefined || `${row.flow.name} ${row.name} ${row.tags.join(" ")}`.toLowerCase().includes(needle))
    .sort((a, b) => a.flow.name.localeCompare(b.flow.name) || a.name.localeCompare(b.name));
}

const WORDS: Readonly<Record<string, string>> = {
  "* * * * *": "every minute",
  "0 * * * *": "every hour",
  "0 0 * * *": "every day at 00:00",
};

/** "every 5m", "every day at 06:30 Europe/Berlin", or the cron line itself when words would not be shorter. */
export function scheduleWords(schedule: Pick<Schedule, "kind" | "cron" | "interval_seconds" | "timezone">): string {
  if (schedule.kind === "INTERVAL") return formatEvery(schedule.interval_seconds ?? 0);
  const cron = schedule.cron ?? "";
  const known = WORDS[cron];
  if (known !== undefined) return known;
  const minutes = /^\*\/(\d+) \* \* \* \*$/.exec(cron);
  if (minutes !== null) return `every ${minutes[1]}m`;
  const daily = /^(\d{1,2}) (\d{1,2}) \* \* (\*|1-5)$/.exec(cron);
  if (daily !== null) {
    const at = `${(daily[2] ?? "").padStart(2, "0")}:${(daily[1] ?? "").padStart(2, "0")}`;
    return `every ${daily[3] === "*" ? "day" : "weekday"} at ${at} ${schedule.timezone}`;
  }
  return `${cron} ${schedule.timezone}`;
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
