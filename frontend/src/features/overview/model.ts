import { DEFAULT_PRESET, parseRange, type RangeSearch } from "@/lib/time";
import type { StateCounts } from "@/schema/wire/runs";
import type { Checklist, OverviewFlow, Tick } from "@/schema/wire/overview";

export function parseOverviewSearch(search: Record<string, unknown>): RangeSearch {
  return parseRange(search);
}

export type Trend = "slower" | "faster" | "steady";

const RECENT = 5;
const FEWEST = 10;
const NOTABLE = 0.25;

/** Compares the median of the last five durations with the median of those before; silent below ten finished runs. */
export function trendOf(ticks: readonly Tick[]): Trend | null {
  const durations = ticks.flatMap((tick) =>
    tick.state_type === "COMPLETED" && tick.duration_ms !== null ? [tick.duration_ms] : [],
  );
  if (durations.length < FEWEST) return null;
  const before = median(durations.slice(0, -RECENT));
  const recent = median(durations.slice(-RECENT));
  if (recent > before * (1 + NOTABLE)) return "slower";
  return recent < before * (1 - NOTABLE) ? "faster" : "steady";
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? 0) + high) / 2;
}

export function totalRuns(counts: StateCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const TROUBLE: readonly string[] = ["FAILED", "CRASHED"];

/** Flows whose last finished run went wrong come first, then by name. */
export function sortFlows(flows: readonly OverviewFlow[]): OverviewFlow[] {
  return [...flows].sort(
    (a, b) => Number(isInTrouble(b)) - Number(isInTrouble(a)) || a.flow.name.localeCompare(b.flow.name),
  );
}

export function isInTrouble(flow: OverviewFlow): boolean {
  const finished = flow.ticks.filter((tick) => ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"].includes(tick.state_type));
  return TROUBLE.includes(finished.at(-1)?.state_type ?? "");
}

export interface Step {
  readonly done: boolean;
  readonly title: string;
  readonly code: string | null;
  readonly hint: string;
}

const FIRST_FLOW = `cat > flow.py <<'EOF'
from headway import flow, task

@task(retries=2)
def load(table: str) -> int:
    print(f"loading {table}")
    return 1200

@flow
def main():
    return sum(load.map(["orders", "customers"]).result())

if __name__ == "__main__":
    main()
EOF`;

/** The way from an empty workspace to a scheduled run, each step with the command to copy. */
export function checklistSteps(checklist: Checklist, origin: string, workspace: string): Step[] {
  return [
    {
      done: checklist.has_key,
      title: "Make an API key",
      code: null,
      hint: "Under Settings, API keys. It is shown once.",
    },
    {
      done: checklist.has_run,
      title: "Push a first run",
      // Login asks for the key: nothing pasted with it may stand on a line of its own after it.
      code: `${FIRST_FLOW}\n\npip install headway\nheadway login --url ${origin} \\\n  --workspace ${workspace} && python flow.py`,
      hint: "Login asks for the key. Any function with @flow on it shows up here when it runs.",
    },
    {
      done: checklist.has_deployment,
      title: "Deploy it",
      code: "headway deploy flow.py:main \\\n  --name nightly --cron '0 6 * * *'",
      hint: "A deployment can be started from here and can start by itself.",
    },
    {
      done: checklist.has_agent,
      title: "Start an agent",
      code: "headway agent start --pool default",
      hint: "It takes runs from the pool until Ctrl-C; it needs outbound HTTPS and nothing else.",
    },
    {
      done: checklist.has_event,
      title: "Send an event",
      code: `from headway import emit_event\n\nemit_event(\n  "table.updated",\n  resource={"kind": "table", "name": "orders"},\n)`,
      hint: "Facts about tables, queries and people; automations act on them.",
    },
  ];
}

export function rangeSearchOrDefault(search: RangeSearch): RangeSearch {
  return search.from === undefined ? { range: search.range ?? DEFAULT_PRESET } : { from: search.from, to: search.to };
}
