/** What of the timeline is on screen: a slice of time across, rows from a scroll offset down. */
export interface Viewport {
  readonly from: number;
  readonly to: number;
}

const ROOM = 0.015;

/** A little time behind the last end: what happened there, often the failure, is not cut off at the edge. */
export function withRoom({ from, to }: Viewport): Viewport {
  return { from, to: to + (to - from) * ROOM };
}

const NARROWEST_MS = 1;

/** Zooms around a moment that stays under the pointer. */
export function zoom(view: Viewport, around: number, factor: number, limits: Viewport): Viewport {
  const width = Math.max(NARROWEST_MS, Math.min((view.to - view.from) * factor, limits.to - limits.from));
  const share = (around - view.from) / (view.to - view.from);
  return clamp({ from: around - share * width, to: around + (1 - share) * width }, limits);
}

export function pan(view: Viewport, ms: number, limits: Viewport): Viewport {
  return clamp({ from: view.from + ms, to: view.to + ms }, limits);
}

function clamp(view: Viewport, limits: Viewport): Viewport {
  const width = view.to - view.from;
  if (width >= limits.to - limits.from) return limits;
  const from = Math.max(limits.from, Math.min(view.from, limits.to - width));
  return { from, to: from + width };
}

const NICE = [1, 2, 5];

/** Moments for axis lines: at most `most` of them, each a round number of ms, s, min or h. */
export function axisTicks(view: Viewport, most: number): number[] {
  // Below a millisecond all of them would be called the same.
  const step = Math.max(1, niceStep((view.to - view.from) / most));
  const ticks: number[] = [];
  for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) ticks.push(at);
  return ticks;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;
const CLOCK_STEPS = [10_000, 15_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR];

function niceStep(least: number): number {
  if (least > 5_000) return CLOCK_STEPS.find((step) => step >= least) ?? Math.ceil(least / (24 * HOUR)) * 24 * HOUR;
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 0.001)));
  return power * (NICE.find((each) => each * power >= least) ?? 10);
}
