import { kindOf, type StateKind } from "@/lib/run-state";
import type { TimelinePage } from "@/schema/wire/runs";

/** The task runs of a run as columns: typed arrays where it counts, so that a frame touches no objects. */
export interface Columns {
  readonly count: number;
  readonly ids: readonly string[];
  readonly names: readonly string[];
  readonly task: Uint32Array;
  readonly state: Uint8Array;
  /** Milliseconds after `origin`; NaN when it has not happened. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly dependsOn: readonly (readonly number[])[];
  readonly taskNames: readonly string[];
  readonly states: readonly string[];
  readonly kinds: readonly StateKind[];
  readonly origin: number;
}

/** Joins pages, which come in the order in which task runs were made, and sorts them by start. */
export function columnsFrom(pages: readonly TimelinePage[]): Columns {
  return byStart(joined(pages));
}

function joined(pages: readonly TimelinePage[]): Columns {
  const count = pages.reduce((sum, page) => sum + page.rows.id.length, 0);
  const task = new Uint32Array(count);
  const state = new Uint8Array(count);
  const start = new Float64Array(count);
  const end = new Float64Array(count);
  const ids: string[] = [];
  const names: string[] = [];
  const dependsOn: (readonly number[])[] = [];
  const taskNames = new Names();
  const stateNames = new Names();
  const origin = pages.find((page) => page.origin_at !== null)?.origin_at ?? null;
  const originMs = origin === null ? 0 : Date.parse(origin);

  let row = 0;
  for (const page of pages) {
    const taskOf = page.task_names.map((name) => taskNames.index(name));
    const stateOf = page.states.map((name) => stateNames.index(name));
    const shift = page.origin_at === null ? 0 : Date.parse(page.origin_at) - originMs;
    const { rows } = page;
    const base = row; // a page counts its rows from zero
    for (let index = 0; index < rows.id.length; index += 1, row += 1) {
      ids.push(rows.id[index] ?? "");
      names.push(rows.name[index] ?? "");
      task[row] = taskOf[rows.task[index] ?? 0] ?? 0;
      state[row] = stateOf[rows.state[index] ?? 0] ?? 0;
      start[row] = shifted(rows.start_ms[index], shift);
      end[row] = shifted(rows.end_ms[index], shift);
      dependsOn.push(shiftedRows(rows.depends_on?.[index] ?? NONE, base));
    }
  }
  joinAcross(pages, ids, dependsOn);
  return {
    count,
    ids,
    names,
    task,
    state,
    start,
    end,
    dependsOn,
    taskNames: taskNames.list,
    states: stateNames.list,
    kinds: stateNames.list.map(kindOf),
    origin: originMs,
  };
}

const NONE: readonly number[] = [];

/** Adds what rows depend on in other pages than their own. */
function joinAcross(pages: readonly TimelinePage[], ids: readonly string[], dependsOn: (readonly number[])[]): void {
  if (pages.every((page) => page.depends_on_outside.length === 0)) return;
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  let base = 0;
  for (const page of pages) {
    for (const [place, id] of page.depends_on_outside) {
      const row = base + Number(place);
      const other = rowOf.get(String(id));
      if (other !== undefined) dependsOn[row] = [...(dependsOn[row] ?? NONE), other];
    }
    base += page.rows.id.length;
  }
}

/** Rows by start, those that have not started last; among equals the order stays. */
function byStart(columns: Columns): Columns {
  const { count, start } = columns;
  const key = start.map((each) => (Number.isNaN(each) ? Infinity : each));
  if (key.every((each, row) => row === 0 || (key[row - 1] ?? 0) <= each)) return columns;
  const order = Uint32Array.from({ length: count }, (_, row) => row).sort((a, b) => {
    const [first = 0, second = 0] = [key[a], key[b]];
    return first === second ? a - b : first - second;
  });
  const placeOf = new Uint32Array(count);
  order.forEach((row, place) => (placeOf[row] = place));
  const picked = <T>(values: readonly T[]) => Array.from(order, (row) => values[row] as T);
  return {
    ...columns,
    ids: picked(columns.ids),
    names: picked(columns.names),
    task: columns.task.map((_, place) => columns.task[order[place] ?? 0] ?? 0),
    state: columns.state.map((_, place) => columns.state[order[place] ?? 0] ?? 0),
    start: start.map((_, place) => start[order[place] ?? 0] ?? NaN),
    end: columns.end.map((_, place) => columns.end[order[place] ?? 0] ?? NaN),
    dependsOn: picked(columns.dependsOn).map((rows) => (rows.length === 0 ? rows : rows.map((row) => placeOf[row] ?? 0))),
  };
}

function shiftedRows(rows: readonly number[], base: number): readonly number[] {
  return base === 0 || rows.length === 0 ? rows : rows.map((each) => each + base);
}

function shifted(value: number | null | undefined, shift: number): number {
  return value === null || value === undefined ? NaN : value + shift;
}

class Names {
  readonly list: string[] = [];
  private readonly known = new Map<string, number>();

  index(name: string): number {
    const found = this.known.get(name);
    if (found !== undefined) return found;
    this.known.set(name, this.list.length);
    this.list.push(name);
    return this.list.length - 1;
  }
}

/** Where a row's bar ends: its end, or now while it runs, or nowhere when it has not started. */
export function endOf(columns: Columns, row: number, nowMs: number): number {
  const end = columns.end[row] ?? NaN;
  if (!Number.isNaN(end)) return end;
  return Number.isNaN(columns.start[row] ?? NaN) ? NaN : nowMs;
}

/** First start and last end of all rows, or a second when nothing has started. */
export function extent(columns: Columns, nowMs: number): { from: number; to: number } {
  const all = Uint32Array.from({ length: columns.count }, (_, row) => row);
  return extentOf(columns, all, nowMs) ?? { from: 0, to: 1_000 };
}

/** First start and last end of some rows; null when none of them has started. */
export function extentOf(columns: Columns, rows: Uint32Array, nowMs: number): { from: number; to: number } | null {
  let from = Infinity;
  let to = -Infinity;
  for (const row of rows) {
    const start = columns.start[row] ?? NaN;
    if (Number.isNaN(start)) continue;
    if (start < from) from = start;
    const end = endOf(columns, row, nowMs);
    if (end > to) to = end;
  }
  return from < to ? { from, to } : null;
}

export interface RowFilter {
  readonly kinds: readonly StateKind[] | undefined;
  readonly text: string | undefined;
}

/** The rows to show, in the order they came. */
export function filterRows(columns: Columns, { kinds, text }: RowFilter): Uint32Array {
  const needle = text?.toLowerCase();
  const rows = new Uint32Array(columns.count);
  const wanted = columns.kinds.map((kind) => kinds === undefined || kinds.includes(kind));
  const taskHit = columns.taskNames.map((name) => needle === undefined || name.toLowerCase().includes(needle));
  let kept = 0;
  for (let row = 0; row < columns.count; row += 1) {
    if (wanted[columns.state[row] ?? 0] !== true) continue;
    if (needle !== undefined && taskHit[columns.task[row] ?? 0] !== true) {
      if (columns.names[row]?.toLowerCase().includes(needle) !== true) continue;
    }
    rows[kept] = row;
    kept += 1;
  }
  return rows.subarray(0, kept);
}
