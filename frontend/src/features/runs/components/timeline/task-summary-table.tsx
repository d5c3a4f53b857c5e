import { Panel } from "@/components/ui/panel";
import { StateIcon } from "@/components/ui/state-icon";
import type { TaskSummary } from "@/features/runs/timeline/summaries";
import { STATE_KINDS, type StateKind } from "@/lib/run-state";
import { formatCount, formatDuration, plural } from "@/lib/units";

import styles from "./timeline.module.css";

interface TaskSummaryTableProps {
  readonly summaries: readonly TaskSummary[];
  readonly onPick: (task: string, kind?: StateKind) => void;
}

/** Where the time went, task by task; every count narrows the timeline to what it counts. */
export function TaskSummaryTable({ summaries, onPick }: TaskSummaryTableProps) {
  return (
    <Panel title="Tasks" aside={plural(summaries.length, "task")} flush>
      <div className={styles["scrollX"]} tabIndex={0} role="region" aria-label="Tasks of this run">
        <table className={styles["summary"]}>
          <thead>
            <tr>
              <th>Task</th>
              <th>States</th>
              <th>Runs</th>
              <th>Median</th>
              <th>p95</th>
              <th>In all</th>
            </tr>
          </thead>
          <tbody>
            {summaries.map((summary) => (
              <tr key={summary.task}>
                <td>
                  <button type="button" className={styles["plain"]} style={{ fontWeight: 550 }} onClick={() => onPick(summary.task)}>
                    {summary.task}
                  </button>
                </td>
                <td>
                  <span className={styles["states"]}>
                    {STATE_KINDS.filter((kind) => summary.byKind.has(kind)).map((kind) => (
                      <button
                        key={kind}
                        type="button"
                        className={`${styles["plain"]} ${styles["stateCount"]}`}
                        onClick={() => onPick(summary.task, kind)}
                      >
                        <StateIcon kind={kind} size={12} /> {formatCount(summary.byKind.get(kind) ?? 0)}
                        <span className="visually-hidden">
                          {kind} of {summary.task}
                        </span>
                      </button>
                    ))}
                  </span>
                </td>
                <td>{formatCount(summary.count)}</td>
                <td>{formatDuration(summary.medianMs)}</td>
                <td>{formatDuration(summary.p95Ms)}</td>
                <td>{formatDuration(summary.totalMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
