import type { StateKind } from "@/lib/run-state";

import { endOf, type Columns } from "./columns";

export interface TaskSummary {
  readonly task: string;
  readonly count: number;
  readonly byKind: ReadonlyMap<StateKind, number>;
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  readonly totalMs: number;
}

/** One line per task name, the one that took most time first. */
export function summarise(columns: Columns, nowMs: number): TaskSummary[] {
  const durations: number[][] = columns.taskNames.map(() => []);
  const kinds: Map<StateKind, number>[] = columns.taskNames.map(() => new Map());
  for (let row = 0; row < columns.count; row += 1) {
    const task = columns.task[row] ?? 0;
    const kind = columns.kinds[columns.state[row] ?? 0] ?? "scheduled";
    const byKind = kinds[task];
    byKind?.set(kind, (byKind.get(kind) ?? 0) + 1);
    const ms = endOf(columns, row, nowMs) - (columns.start[row] ?? NaN);
    if (!Number.isNaN(ms)) durations[task]?.push(ms);
  }
  return columns.taskNames
    .map((task, index) => {
      const sorted = Float64Array.from(durations[index] ?? []).sort();
      const byKind = kinds[index] ?? new Map<StateKind, number>();
      return {
        task,
        count: [...byKind.values()].reduce((sum, count) => sum + count, 0),
        byKind,
        medianMs: quantile(sorted, 0.5),
        p95Ms: quantile(sorted, 0.95),
        totalMs: sorted.reduce((sum, ms) => sum + ms, 0),
      };
    })
    .sort((a, b) => b.totalMs - a.totalMs);
}

function quantile(sorted: Float64Array, share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** How many tasks ran at once, sampled in the middle of equal slices. */
export function concurrency(columns: Columns, from: number, to: number, slices: number, nowMs: number): Uint32Array {
  const changes = new Int32Array(slices + 1);
  const width = (to - from) / slices;
  for (let row = 0; row < columns.count; row += 1) {
    const start = columns.start[row] ?? NaN;
    const end = endOf(columns, row, nowMs);
    if (Number.isNaN(start) || end < from || start > to) continue;
    const first = Math.max(0, Math.ceil((start - from) / width - 0.5));
    const afterLast = Math.min(slices, Math.floor((end - from) / width - 0.5) + 1);
    if (afterLast <= first) continue;
    changes[first] = (changes[first] ?? 0) + 1;
    changes[afterLast] = (changes[afterLast] ?? 0) - 1;
  }
  const running = new Uint32Array(slices);
  let now = 0;
  for (let slice = 0; slice < slices; slice += 1) {
    now += changes[slice] ?? 0;
    running[slice] = now;
  }
  return running;
}
