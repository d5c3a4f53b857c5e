import type { RunHistogram } from "@/schema/wire/runs";

export function totals(histogram: RunHistogram): { all: number; trouble: number; running: number } {
  let all = 0;
  let trouble = 0;
  let running = 0;
  for (const { counts } of histogram.buckets) {
    for (const count of Object.values(counts)) all += count;
    trouble += (counts.FAILED ?? 0) + (counts.CRASHED ?? 0);
    running += counts.RUNNING ?? 0;
  }
  return { all, trouble, running };
}
