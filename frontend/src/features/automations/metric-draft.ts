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
    within: lengthOf(trigger.within_seconds),
    side: trigger.is,
    threshold: trigger.threshold,
    resolveAt: trigger.resolve_at,
    held: lengthOf(trigger.for_seconds),
    late: trigger.allow_late_seconds === 0 ? { count: 0, unit: "s" } : lengthOf(trigger.allow_late_seconds),
    tellResolved: trigger.tell_resolved,
  };
}

/** The trigger to send; null while it says too little to be asked for. */
export function metricTriggerOf(draft: MetricDraft): MetricTrigger | null {
  const isAbsent = draft.side === "absent";
  if (draft.metric === "" || (!isAbsent && draft.threshold === null) || !(secondsOf(draft.within) >= 60)) return null;
  const where: Record<string, string[]> = {};
  for (const pair of draft.where) {
    const at = pair.indexOf("=");
    if (at > 0) (where[pair.slice(0, at)] ??= []).push(pair.slice(at + 1));
  }
  return {
    type: "metric",
    metric: draft.metric,
    aggregate: draft.aggregate,
    where,
    for_each: draft.forEach,
    within_seconds: secondsOf(draft.within),
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
  if (draft.side !== "absent" && draft.threshold === null) faults["trigger.threshold"] = [`Say ${draft.side} what.`];
  if (!(secondsOf(draft.within) >= 60)) faults["trigger.within_seconds"] = ["A minute or more."];
  return faults;
}
