interface Points {
  readonly points: readonly (readonly [at: number, value: number | null])[];
}

/** How far the ticks of an axis of counts may be apart, in ascending order: 1, 2, 5, 10, 20, … */
export const COUNT_STEPS = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

/** Whether only whole numbers are drawn: their axis has no use for 0.5. */
export function areCounts(series: readonly Points[]): boolean {
  return series.every(({ points }) => points.every(([, value]) => value === null || Number.isInteger(value)));
}
