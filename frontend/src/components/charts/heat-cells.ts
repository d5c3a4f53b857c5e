export interface HeatCells {
  readonly edges: readonly number[];
  /** Start of the column, row from below, how many values. */
  readonly cells: readonly (readonly [at: number, row: number, count: number])[];
}

export const LEVELS = 7;

/** One path for each depth of colour: thousands of cells are then a handful of elements. */
export function heatPaths({ edges, cells }: HeatCells, from: number, stepMs: number): string[] {
  const rows = edges.length - 1;
  const most = Math.max(1, ...cells.map(([, , count]) => count));
  const paths = Array.from({ length: LEVELS }, () => "");
  for (const [at, row, count] of cells) {
    const level = levelOf(count, most);
    paths[level] += `M${(at - from) / stepMs} ${rows - 1 - row}h1v1h-1z`;
  }
  return paths;
}

/** By the root, so that what is rare is still seen beside what is frequent. */
export function levelOf(count: number, most: number): number {
  return Math.min(LEVELS - 1, Math.floor(Math.sqrt(count / most) * LEVELS));
}

/** Places of a few edges to write beside the rows, from below, the first and the last among them. */
export function edgePlaces(count: number, most: number): number[] {
  if (count < 2) return [];
  const every = Math.max(1, Math.ceil((count - 1) / (most - 1)));
  const places: number[] = [];
  for (let place = 0; place < count - 1 - every / 2; place += every) places.push(place);
  return [...places, count - 1];
}
