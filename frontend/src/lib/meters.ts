import { formatCount, trimNumber } from "@/lib/units";

interface MeterWords {
  readonly name: string;
  /** What is counted, for one and for several. */
  readonly one: string;
  readonly many: string;
  /** How much of the wire's unit makes one that people read. */
  readonly per: number;
}

const METERS: Readonly<Record<string, MeterWords>> = {
  task_runs: { name: "Task runs", one: "task run", many: "task runs", per: 1 },
  managed_seconds: { name: "Managed compute", one: "managed minute", many: "managed minutes", per: 60 },
  vcpu_seconds: { name: "vCPU time", one: "vCPU hour", many: "vCPU hours", per: 3_600 },
  gb_seconds: { name: "Memory time", one: "GB hour", many: "GB hours", per: 3_600 },
};

function wordsOf(meter: string): MeterWords {
  return METERS[meter] ?? { name: meter.replaceAll("_", " "), one: meter, many: meter, per: 1 };
}

export function meterName(meter: string): string {
  return wordsOf(meter).name;
}

export function meterUnit(meter: string): string {
  return wordsOf(meter).many;
}

/** How much of the wire's unit makes one of the unit that people read. */
export function meterScale(meter: string): number {
  return wordsOf(meter).per;
}

/** The quantity in the unit that people read: seconds as minutes or hours. */
export function meterAmount(meter: string, quantity: number): string {
  const value = quantity / wordsOf(meter).per;
  if (value > 0 && value < 0.05) return "<0.1"; // something is not nothing
  return Math.abs(value) >= 100 ? formatCount(value) : trimNumber(Math.round(value * 10) / 10);
}

/** "12,480 task runs", "1 managed minute". */
export function meterText(meter: string, quantity: number): string {
  const { one, many } = wordsOf(meter);
  const amount = meterAmount(meter, quantity);
  return `${amount} ${amount === "1" ? one : many}`;
}
