export const UNITS = [
  { value: "s", label: "seconds", seconds: 1 },
  { value: "m", label: "minutes", seconds: 60 },
  { value: "h", label: "hours", seconds: 3_600 },
  { value: "d", label: "days", seconds: 86_400 },
] as const;
export type Unit = (typeof UNITS)[number]["value"];

/** A length of time as it was typed. */
export interface Length {
  readonly count: number;
  readonly unit: Unit;
}

/** The length in the largest unit that holds it without a rest. */
export function lengthOf(seconds: number): Length {
  const unit = UNITS.findLast((each) => seconds > 0 && seconds % each.seconds === 0) ?? UNITS[1];
  return { count: seconds / unit.seconds, unit: unit.value };
}

export function secondsOf({ count, unit }: Length): number {
  return count * (UNITS.find((each) => each.value === unit)?.seconds ?? 1);
}

/** What is wrong, by the server's names of the places. */
export type Faults = Readonly<Record<string, readonly string[]>>;
