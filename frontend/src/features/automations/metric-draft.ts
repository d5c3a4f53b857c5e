import { lengthOf, secondsOf, type Faults, type Length } from "@/features/automations/length";
import type { MetricSide, MetricTrigger } from "@/schema/wire/automations";
import type { Aggregate } from "@/schema/wire/telemetry";

/** The half of a sentence that speaks of a metric. */
export interface MetricDraft {
  readonly metric: string;
  readonly aggregate: Aggregate;
  /** Each as label=value. */
  readonly where: readonly string[];
  readonly forEach: readonly string[];
  readonly within: Length;
  /** From the first of the month on, and not over the last while. */
  readonly month: boolean;
  readonly side: MetricSide;
  /** Null while nothing is typed. */
  readonly threshold: number | null;
  /** From where on it is over; null: at the threshold. */
  readonly resolveAt: number | null;
  readonly held: Length;
  readonly late: Length;
  readonly tellResolved: boolean;
}

export const SIDES = [
  { value: "above", label: "above" },
  { value: "below", label: "below" },
  { value: "absent", label: "missing" },
] as const satisfies readonly { value: MetricSide; label: string }[];

export const WINDOWS = [
  { value: "last", label: "the last" },
  { value: "month", label: "the month so far" },
] as const;

export interface MetricStart {
  readonly metric?: string | undefined;
  readonly aggregate?: Aggregate | undefined;
  readonly where?: readonly string[] | undefined;
  readonly by?: readonly string[] | undefined;
}

export function emptyMetric({ metric, aggregate, where, by }: MetricStart = {}): MetricDraft {
  return {
    metric: metric ?? "",
    aggregate: aggregate ?? "avg",
    where: where ?? [],
    forEach: by ?? [],
    within: { count: 5, unit: "m" },
    month: false,
    side: "above",
    threshold: null,
    resolveAt: null,
    held: { count: 0, unit: "m" },
    late: { count: 30, unit: "s" },
    tellResolved: false,
  };
}

export function metricDraftOf(trigger: MetricTrigger): MetricDraft {
  return {
    metric: trigger.metric,
    aggregate: trigger.aggregate,
    where: Object.entries(trigger.where).flatMap(([label, values]) => values.map((value) => `${label}=${value}`)),
    forEach: trigger.for_each,
    within: trigger.within_seconds === null ? { count: 5, unit: "m" } : lengthOf(trigger.within_seconds),
    month: trigger.over === "month",
    side: trigger.is === "at_least" ? "above" : trigger.is,
    threshold: trigger.threshold,
    resolveAt: trigger.resolve_at,
    held: lengthOf(trigger.for_seconds),
    late: trigger.allow_late_seconds === 0 ? { count: 0, unit: "s" } : lengthOf(trigger.allow_late_seconds),
    tellResolved: trigger.tell_resolved,
  };
}

/** The trigger to send; null while it says too little to be asked for. */
export function metricTriggerOf(draft: MetricDraft): MetricTrigger | null {
  const isAbsent = draft.side === "absent" && !draft.month;
  if (draft.metric === "" || (!isAbsent && draft.threshold === null) || !(draft.month || secondsOf(draft.within) >= 60)) return null;
  const where: Record<string, string[]> = {};
  for (const pair of draft.where) {
    const at = pair.indexOf("=");
    if (at > 0) (where[pair.slice(0, at)] ??= []).push(pair.slice(at + 1));
  }
  const asked = { type: "metric", metric: draft.metric, aggregate: draft.aggregate, where, for_each: draft.forEach, threshold: draft.threshold } as const;
  if (draft.month) {
    return { ...asked, within_seconds: null, over: "month", is: "at_least", for_seconds: 0, resolve_at: null, tell_resolved: false, allow_late_seconds: secondsOf(draft.late) };
  }
  return {
    ...asked,
    within_seconds: secondsOf(draft.within),
    over: null,
    is: draft.side,
    threshold: isAbsent ? null : draft.threshold,
    for_seconds: secondsOf(draft.held),
    resolve_at: isAbsent ? null : draft.resolveAt,
    tell_resolved: draft.tellResolved,
    allow_late_seconds: secondsOf(draft.late),
  };
}

export function metricFaults(draft: MetricDraft): Faults {
  const faults: Record<string, string[]> = {};
  if (draft.metric === "") faults["trigger.metric"] = ["Choose a metric."];
  const isAbsent = draft.side === "absent" && !draft.month;
  if (!isAbsent && draft.threshold === null) faults["trigger.threshold"] = [draft.month ? "Say how much." : `Say ${draft.side} what.`];
  if (!draft.month && !(secondsOf(draft.within) >= 60)) faults["trigger.within_seconds"] = ["A minute or more."];
  return faults;
}
