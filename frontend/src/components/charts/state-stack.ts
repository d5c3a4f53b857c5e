import { kindOfType, kindWord, STACK_ORDER, stateColor } from "@/lib/run-state";
import type { RunHistogram } from "@/schema/wire/runs";

import type { StackBucket } from "./stacked-histogram";

/** Run counts by state, in the one stacking order and the one palette. */
export function stackByState(histogram: RunHistogram): StackBucket[] {
  return histogram.buckets.map((bucket) => ({
    at: Date.parse(bucket.at),
    parts: STACK_ORDER.map((type) => {
      const kind = kindOfType(type);
      return { key: type, label: kindWord(kind), color: stateColor(kind), value: bucket.counts[type] ?? 0, quiet: type === "COMPLETED" };
    }),
  }));
}
