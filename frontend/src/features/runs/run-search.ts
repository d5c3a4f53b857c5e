import { listOf, oneOf, textOf } from "@/lib/search-params";
import { isKind, type StateKind } from "@/lib/run-state";
import type { LogLevel } from "@/schema/wire/runs";

export const RUN_TABS = ["timeline", "logs", "around", "subruns", "parameters", "metrics", "raw"] as const;
export type RunTab = (typeof RUN_TABS)[number];

export const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const satisfies readonly LogLevel[];

export const AROUND_HOURS = [1, 6, 24, 72] as const;

export interface RunSearch {
  readonly tab?: RunTab | undefined;
  /** Timeline and logs: text to look for. */
  readonly q?: string | undefined;
  /** Timeline: states shown. */
  readonly state?: readonly StateKind[] | undefined;
  /** The chosen task run: its panel in the timeline, its lines in the logs. */
  readonly task?: string | undefined;
  /** Logs: the level asked for. */
  readonly level?: LogLevel | undefined;
  /** Around it: how many hours back; six, without. */
  readonly hours?: (typeof AROUND_HOURS)[number] | undefined;
}

export function parseRunSearch(search: Record<string, unknown>): RunSearch {
  const kinds = listOf(search["state"]).filter(isKind);
  return {
    tab: oneOf(search["tab"], RUN_TABS),
    q: textOf(search["q"]),
    state: kinds.length === 0 ? undefined : kinds,
    task: textOf(search["task"]),
    level: oneOf(search["level"], LOG_LEVELS),
    hours: AROUND_HOURS.find((each) => each === Number(search["hours"])),
  };
}
