import { endOf, type Columns } from "./columns";

export interface CriticalPath {
  /** Rows from the first to the last of the chain. */
  readonly rows: readonly number[];
  /** Time spent working on the chain; the rest of the run was waiting for slots, queues or code between tasks. */
  readonly busyMs: number;
}

/**
 * The chain that decided when the run ended: from the row that ended last, back over the dependency that ended last.
 *
 * Shortening any other task would not have made the run shorter.
 */
export function criticalPath(columns: Columns, nowMs: number): CriticalPath {
  let last = -1;
  let latest = -Infinity;
  for (let row = 0; row < columns.count; row += 1) {
    const end = endOf(columns, row, nowMs);
    if (end > latest) {
      latest = end;
      last = row;
    }
  }
  const rows: number[] = [];
  const seen = new Set<number>();
  let row: number | undefined = last < 0 ? undefined : last;
  while (row !== undefined && !seen.has(row)) {
    seen.add(row);
    rows.push(row);
    row = latestDependency(columns, row, nowMs);
  }
  rows.reverse();
  const busyMs = rows.reduce((sum, each) => sum + endOf(columns, each, nowMs) - (columns.start[each] ?? 0), 0);
  return { rows, busyMs };
}

function latestDependency(columns: Columns, row: number, nowMs: number): number | undefined {
  let found: number | undefined;
  let latest = -Infinity;
  for (const dependency of columns.dependsOn[row] ?? []) {
    if (dependency >= columns.count) continue;
    const end = endOf(columns, dependency, nowMs);
    if (end > latest) {
      latest = end;
      found = dependency;
    }
  }
  return found;
}
