interface Points {
  readonly points: readonly (readonly [at: number, value: number | null])[];
}

type Column = (number | null)[];

/**
 * One shared axis of moments and one column per series, as uPlot takes them.
 *
 * A step that no series has a point for becomes a moment without values, so that silence shows as a gap.
 */
export function alignSeries(series: readonly Points[], stepMs: number): Column[] {
  const moments = new Set<number>();
  for (const { points } of series) for (const [at] of points) moments.add(at);
  const sorted = [...moments].sort((a, b) => a - b);
  const axis: number[] = [];
  for (const at of sorted) {
    const previous = axis.at(-1);
    if (previous !== undefined && stepMs > 0 && at - previous > stepMs * 1.5) axis.push(previous + stepMs);
    axis.push(at);
  }
  const columns = series.map(({ points }) => {
    const values = new Map(points);
    return axis.map((at) => values.get(at) ?? null);
  });
  return [axis, ...columns];
}

/** Places of values without a neighbour: a line can't show them, so they get a dot. */
export function isolatedPoints(column: ArrayLike<number | null | undefined>): number[] {
  const places: number[] = [];
  for (let index = 0; index < column.length; index += 1) {
    const missing = (place: number) => column[place] === null || column[place] === undefined;
    if (!missing(index) && missing(index - 1) && missing(index + 1)) places.push(index);
  }
  return places;
}
