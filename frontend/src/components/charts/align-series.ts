interface Points {
  readonly points: readonly (readonly [at: number, value: number | null])[];
}

/** `null` is a gap; `undefined` only a moment between two values that belong together. */
type Column = (number | null | undefined)[];

const SLACK = 1.5;
const FEWEST_WAITS = 3; // two values, far apart, have no beat

/**
 * One shared axis of moments and one column per series, as uPlot takes them.
 *
 * A step that no series has a point for becomes a moment without values, so that silence shows as a gap. What comes seldomer
 * than the steps (once a minute, in steps of 15 s) is a line as long as it keeps to its own beat.
 */
export function alignSeries(series: readonly Points[], stepMs: number): [number[], ...Column[]] {
  const moments = new Set<number>();
  for (const { points } of series) for (const [at] of points) moments.add(at);
  const sorted = [...moments].sort((a, b) => a - b);
  const axis: number[] = [];
  for (const at of sorted) {
    const previous = axis.at(-1);
    if (previous !== undefined && stepMs > 0 && at - previous > stepMs * SLACK) axis.push(previous + stepMs);
    axis.push(at);
  }
  const columns = series.map(({ points }) => {
    const values = new Map(points);
    return keepBeat(axis, axis.map((at) => values.get(at) ?? null), stepMs);
  });
  return [axis, ...columns];
}

function keepBeat(axis: readonly number[], column: (number | null)[], stepMs: number): Column {
  const known = axis.flatMap((at, index) => (column[index] === null ? [] : [{ at, index }]));
  const waits = known.slice(1).map(({ at }, index) => at - (known[index]?.at ?? at));
  const beat = waits.sort((a, b) => a - b)[Math.floor((waits.length - 1) / 2)] ?? stepMs;
  if (waits.length < FEWEST_WAITS || beat <= stepMs * SLACK) return column;
  const kept: Column = [...column];
  known.forEach(({ at, index }, place) => {
    const next = known[place + 1];
    if (next !== undefined && next.at - at <= beat * SLACK) kept.fill(undefined, index + 1, next.index);
  });
  return kept;
}

/** Places of values without a neighbour: a line can't show them, so they get a dot. */
export function isolatedPoints(column: ArrayLike<number | null | undefined>): number[] {
  const places: number[] = [];
  for (let index = 0; index < column.length; index += 1) {
    const ends = (place: number) => place < 0 || place >= column.length || column[place] === null;
    if (column[index] !== null && column[index] !== undefined && ends(index - 1) && ends(index + 1)) places.push(index);
  }
  return places;
}
