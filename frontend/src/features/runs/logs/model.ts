import { stripAnsi } from "@/lib/ansi";
import { LOG_LEVELS } from "@/features/runs/run-search";
import type { LogLevel, LogLine } from "@/schema/wire/runs";

interface LineFilter {
  readonly level?: LogLevel | undefined;
  readonly q?: string | undefined;
  readonly task?: string | undefined;
}

/** Whether a line from the live stream belongs to the lines as filtered; the server applies the same rule to stored ones. */
export function matchesFilter(line: LogLine, { level, q, task }: LineFilter): boolean {
  if (level !== undefined && LOG_LEVELS.indexOf(line.level) < LOG_LEVELS.indexOf(level)) return false;
  if (task !== undefined && line.task_run_id !== task) return false;
  return q === undefined || line.message.toLowerCase().includes(q.toLowerCase());
}

/** Stored lines with the live ones behind them, each once, in order of time. */
export function mergeLines(stored: readonly LogLine[], live: readonly LogLine[]): readonly LogLine[] {
  if (live.length === 0) return stored;
  const known = new Set(stored.map((line) => line.id));
  const fresh = live.filter((line) => !known.has(line.id));
  if (fresh.length === 0) return stored;
  return [...stored, ...fresh].sort((a, b) => (a.occurred_at < b.occurred_at ? -1 : a.occurred_at > b.occurred_at ? 1 : 0));
}

/** The object or list that a structured log line carries, or null for words. */
export function jsonOf(message: string): object | null {
  if (!/^\s*[{[]/.test(message)) return null;
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === "object" ? value : null;
  } catch {
    return null; // only looked like JSON
  }
}

const GAP_MS = 60_000;

/** The silence before a line when it is long enough to say something, else null. */
export function gapBefore(previous: LogLine | undefined, line: LogLine): number | null {
  if (previous === undefined) return null;
  const gap = Date.parse(line.occurred_at) - Date.parse(previous.occurred_at);
  return gap >= GAP_MS ? gap : null;
}

/** The lines as a text file: one line each, without colours. */
export function asText(lines: readonly LogLine[]): string {
  return lines.map((line) => `${line.occurred_at} ${line.level.padEnd(8)} ${stripAnsi(line.message)}\n`).join("");
}
