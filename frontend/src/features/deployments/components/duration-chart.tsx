import { TimeAxis } from "@/components/charts/time-axis";
import { Panel } from "@/components/ui/panel";
import { StateIcon } from "@/components/ui/state-icon";
import { durationTicks } from "@/features/deployments/model";
import { kindOf, wordOf } from "@/lib/run-state";
import { formatExact } from "@/lib/time";
import { formatDuration } from "@/lib/units";
import type { RecentRun } from "@/schema/wire/deployments";

import styles from "./duration-chart.module.css";

interface DurationChartProps {
  readonly runs: readonly RecentRun[];
  readonly onOpen: (runId: string) => void;
}

const ROOM = 1.08;

/** How long each recent run took, when; the marks are the states' own shapes. */
export function DurationChart({ runs, onOpen }: DurationChartProps) {
  const measured = runs.flatMap((run) => (run.duration_ms === null ? [] : [{ ...run, ms: run.duration_ms, at: Date.parse(run.created_at) }]));
  if (measured.length < 2) return null;
  const times = measured.map((run) => run.at);
  const from = Math.min(...times);
  const span = Math.max(1, Math.max(...times) - from);
  const longest = Math.max(1, ...measured.map((run) => run.ms));
  const most = longest * ROOM;
  return (
    <Panel title="Durations" aside={`longest ${formatDuration(longest)}`}>
      <div className={styles["chart"]}>
        <div className={styles["plot"]} role="group" aria-label="Durations of the recent runs">
          {durationTicks(longest).map((ms) => (
            <span key={ms} className={styles["line"]} style={{ bottom: `${(ms / most) * 100}%` }}>
              <span className={styles["label"]}>{formatDuration(ms)}</span>
            </span>
          ))}
          {measured.map((run) => (
            <button
              key={run.id}
              type="button"
              className={styles["point"]}
              style={{ left: `${((run.at - from) / span) * 100}%`, bottom: `${(run.ms / most) * 100}%` }}
              title={`${wordOf(run.state)} · ${formatDuration(run.ms)} · ${formatExact(run.created_at)}`}
              aria-label={`${wordOf(run.state)}, ${formatDuration(run.ms)}, ${formatExact(run.created_at)}`}
              onClick={() => onOpen(run.id)}
            >
              <StateIcon kind={kindOf(run.state)} size={11} />
            </button>
          ))}
        </div>
        <TimeAxis from={from} to={from + span} />
      </div>
    </Panel>
  );
}
