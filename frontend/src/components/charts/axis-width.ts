const USUAL = 68;
/** Wider ones would leave little of a small chart; their beginnings are cut. */
const WIDEST = 140;
const LETTER = 6.5;
const GAP = 11;

/** How wide an axis of values has to be. Most are as wide as each other, so that charts below each other line up. */
export function axisWidth(labels: readonly string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
  return Math.min(Math.max(USUAL, Math.ceil(longest * LETTER + GAP)), WIDEST);
}
