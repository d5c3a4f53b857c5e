import type { StateType } from "@/lib/run-state";
import type { Ref, RunHistogram, RunRow, StateCounts } from "@/schema/wire/runs";

export interface AttentionRow extends RunRow {
  readonly reason: string;
}

export interface Tick {
  readonly id: string;
  readonly state_type: StateType;
  readonly duration_ms: number | null;
}

export interface OverviewFlow {
  readonly flow: Ref;
  readonly deployment_id: string | null;
  readonly ticks: readonly Tick[];
  readonly success_ratio: number | null;
  readonly p95_duration_ms: number | null;
  readonly next_run_at: string | null;
}

export interface Checklist {
  readonly has_key: boolean;
  readonly has_run: boolean;
  readonly has_deployment: boolean;
  readonly has_agent: boolean;
  readonly has_event: boolean;
}

export interface Overview {
  readonly sentence: string;
  readonly window: { readonly from: string; readonly to: string };
  readonly counts: StateCounts;
  readonly attention: readonly AttentionRow[];
  readonly histogram: RunHistogram;
  readonly flows: readonly OverviewFlow[];
  readonly checklist: Checklist;
}
