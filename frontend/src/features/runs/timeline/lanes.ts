import { STATE_KINDS } from "@/lib/run-state";

import { endOf, type Columns } from "./columns";

export interface Lanes {
  /** Lane by row; −1 for rows that are not shown or have not started. */
  readonly laneOf: Int32Array;
  readonly count: number;
  /** The rows in the order to paint them: trouble last, so that nothing can hide it. */
  readonly order: Uint32Array;
}

// From what may be painted over to what may not.
const RANK = new Map([...STATE_KINDS].reverse().map((kind, rank) => [kind, rank]));

/**
 * Packs task runs into as few lanes as ran at once, like seats: a row takes the first lane that is free when it starts.
 *
 * Beyond `most` lanes rows share; what is lost is only which of two overlapping bars of one state is on top.
 */
export function packLanes(columns: Columns, rows: Uint32Array, nowMs: number, most: number): Lanes {
  const laneOf = new Int32Array(columns.count).fill(-1);
  const started = rows.filter((row) => !Number.isNaN(columns.start[row] ?? NaN)).sort((a, b) => (columns.start[a] ?? 0) - (columns.start[b] ?? 0));
  const freeAt: number[] = [];
  for (const row of started) {
    const start = columns.start[row] ?? 0;
    let lane = freeAt.findIndex((free) => free <= start);
    if (lane < 0) lane = freeAt.length < most ? freeAt.length : earliest(freeAt);
    freeAt[lane] = Math.max(freeAt[lane] ?? 0, endOf(columns, row, nowMs));
    laneOf[row] = lane;
  }
  const rank = columns.kinds.map((kind) => RANK.get(kind) ?? 0);
  const order = started.sort((a, b) => (rank[columns.state[a] ?? 0] ?? 0) - (rank[columns.state[b] ?? 0] ?? 0));
  return { laneOf, count: Math.max(1, freeAt.length), order };
}

function earliest(freeAt: readonly number[]): number {
  let found = 0;
  freeAt.forEach((free, lane) => {
    if (free < (freeAt[found] ?? Infinity)) found = lane;
  });
  return found;
}

/** The row at a moment of a lane: the one painted last there, with a little reach for bars thinner than a pixel. */
export function rowInLane(columns: Columns, lanes: Lanes, lane: number, at: number, reach: number, nowMs: number): number | null {
  for (let place = lanes.order.length - 1; place >= 0; place -= 1) {
    const row = lanes.order[place] ?? 0;
    if (lanes.laneOf[row] !== lane) continue;
    if ((columns.start[row] ?? NaN) - reach <= at && endOf(columns, row, nowMs) + reach >= at) return row;
  }
  return null;
}
