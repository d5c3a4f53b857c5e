import { oneOf, textOf } from "@/lib/search-params";
import { splitTerms, type Vocabulary } from "@/lib/query-terms";
import { parseRange, type RangeSearch } from "@/lib/time";
import type { LogLevel, LogLine, LogVolume } from "@/schema/wire/runs";

export const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const satisfies readonly LogLevel[];

export interface LogsSearch extends RangeSearch {
  readonly q?: string | undefined;
  /** The least one. */
  readonly level?: LogLevel | undefined;
  readonly deployment_id?: string | undefined;
  readonly run_id?: string | undefined;
  /** The line whose neighbours are shown. */
  readonly line?: string | undefined;
}

export function parseLogsSearch(search: Record<string, unknown>): LogsSearch {
  const run = textOf(search["run_id"]);
  return {
    ...parseRange(search),
    q: textOf(search["q"]),
    level: oneOf(search["level"], LEVELS),
    // A run has a deployment already; the server takes one of them.
    deployment_id: run === undefined ? textOf(search["deployment_id"]) : undefined,
    run_id: run,
    line: textOf(search["line"]),
  };
}

export function logFilters({ q, level, deployment_id, run_id }: LogsSearch): Readonly<Record<string, string | undefined>> {
  return { q, level, deployment_id, run_id };
}

export function isNarrowed(search: LogsSearch): boolean {
  return Object.values(logFilters(search)).some((value) => value !== undefined);
}

/** What the search bar completes, from the lines that are loaded. */
export function logVocabulary(lines: readonly LogLine[]): Vocabulary {
  const loggers = new Set(lines.flatMap((line) => (line.logger === null || line.logger === "" ? [] : [line.logger])));
  return { keys: ["logger", "run", "task"], values: { logger: [...loggers], run: ["none"] } };
}

const ALTERNATIVE = /"(?:[^"\\]|\\.)*"?|[^,]+/g;

/** The words that are looked for, to be marked in the lines: all, also those of which any will do. */
export function markedWords(q: string | undefined): readonly string[] {
  return splitTerms(q ?? "")
    .filter((term) => !/^-|^[A-Za-z_]\w*:/.test(term))
    .flatMap((term) => term.match(ALTERNATIVE) ?? [])
    .map((word) => (word.startsWith('"') ? word.replace(/^"|"$/g, "").replace(/\\(.)/g, "$1") : word.replace(/\*$/, "")))
    .filter((word) => word !== "");
}

/** Bytes of all levels over time, for the histogram: loud levels on top. */
export function levelBuckets(volume: LogVolume): readonly { readonly at: number; readonly bytes: Readonly<Record<string, number>> }[] {
  const from = Date.parse(volume.from);
  const count = volume.levels[0]?.buckets.length ?? 0;
  return Array.from({ length: count }, (_, index) => ({
    at: from + index * volume.step_seconds * 1000,
    bytes: Object.fromEntries(volume.levels.map((each) => [each.level, each.buckets[index]?.[1] ?? 0])),
  }));
}
