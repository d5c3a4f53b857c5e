/** Points of a line as they come from the server: null is a time without a value. */
export type SparkPoints = readonly (readonly [at: number, value: number | null])[];

export interface SparkShape {
  /** One path of lines for each stretch without a gap. */
  readonly line: string;
  /** The same stretches closed down to the ground. */
  readonly area: string;
  /** Values without a neighbour: a line can't show them. */
  readonly dots: readonly { readonly x: number; readonly y: number }[];
  readonly least: number;
  readonly most: number;
}

/**
 * The shape of a small chart in a box of `width` × `height`; null when there is no value.
 *
 * Values of one sign stand on zero, so that heights can be compared; others fill the box.
 */
export function sparkShape(points: SparkPoints, from: number, to: number, width: number, height: number): SparkShape | null {
  const values = points.flatMap(([, value]) => (value === null ? [] : [value]));
  if (values.length === 0) return null;
  const least = Math.min(...values);
  const most = Math.max(...values);
  const low = Math.min(least, 0);
  const high = Math.max(most, 0) === low ? low + 1 : Math.max(most, 0);
  const place = (at: number, value: number) => ({
    x: round(((at - from) / Math.max(1, to - from)) * width),
    y: round(height - ((value - low) / (high - low)) * height),
  });
  const ground = place(from, 0).y;
  const stretches: { x: number; y: number }[][] = [[]];
  for (const [at, value] of points) {
    if (value === null) stretches.push([]);
    else stretches.at(-1)?.push(place(at, value));
  }
  const lines = stretches.filter((stretch) => stretch.length > 1);
  const path = (stretch: readonly { x: number; y: number }[]) => stretch.map(({ x, y }) => `${x} ${y}`).join("L");
  return {
    line: lines.map((stretch) => `M${path(stretch)}`).join(""),
    area: lines.map((stretch) => `M${stretch[0]?.x ?? 0} ${ground}L${path(stretch)}L${stretch.at(-1)?.x ?? 0} ${ground}Z`).join(""),
    dots: stretches.flatMap((stretch) => (stretch.length === 1 ? stretch : [])),
    least,
    most,
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
