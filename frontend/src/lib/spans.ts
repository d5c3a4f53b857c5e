export const SPAN_UNITS = ["s", "m", "h", "d"] as const;
export type SpanUnit = (typeof SPAN_UNITS)[number];

export const UNIT_NAMES: Readonly<Record<SpanUnit, string>> = { s: "seconds", m: "minutes", h: "hours", d: "days" };
const SECONDS: Readonly<Record<SpanUnit, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** A length of time as it is typed. */
export interface Span {
  readonly amount: string;
  readonly unit: SpanUnit;
}

/** In the largest unit that needs no fraction. */
export function spanOf(seconds: number, none: SpanUnit = "m"): Span {
  if (seconds === 0) return { amount: "0", unit: none };
  const unit = [...SPAN_UNITS].reverse().find((each) => seconds % SECONDS[each] === 0) ?? "s";
  return { amount: String(seconds / SECONDS[unit]), unit };
}

/** Whole seconds, or null for what is no length of time. */
export function secondsOf({ amount, unit }: Span): number | null {
  const value = Number(amount.trim().replace(",", "."));
  return amount.trim() === "" || !Number.isFinite(value) || value < 0 ? null : Math.round(value * SECONDS[unit]);
}
