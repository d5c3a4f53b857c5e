import { AnsiText } from "@/components/ui/ansi-text";
import { formatClockMs, formatExact } from "@/lib/time";
import { formatDuration } from "@/lib/units";
import type { LogLine } from "@/schema/wire/runs";

import styles from "./logs.module.css";

interface LogRowProps {
  readonly line: LogLine;
  readonly wrap: boolean;
  readonly needle: string;
  readonly gapMs: number | null;
  readonly onTask: (taskRunId: string) => void;
}

const SHORT = { DEBUG: "DEBUG", INFO: "INFO", WARNING: "WARN", ERROR: "ERROR", CRITICAL: "CRIT" } as const;

export function LogRow({ line, wrap, needle, gapMs, onTask }: LogRowProps) {
  const { task_run_id: taskRunId } = line;
  return (
    <>
      {gapMs !== null && <div className={styles["gap"]}>{formatDuration(gapMs)} without a line</div>}
      <div className={styles["line"]} data-level={line.level}>
        <time className={styles["time"]} dateTime={line.occurred_at} title={formatExact(line.occurred_at)}>
          {formatClockMs(line.occurred_at)}
        </time>
        <span className={styles["level"]}>{SHORT[line.level]}</span>
        <span className={styles["message"]} data-wrap={wrap}>
          <AnsiText text={line.message} needle={needle.toLowerCase()} />
        </span>
        {taskRunId !== null && (
          <button
            type="button"
            className={styles["only"]}
            title="Only this task run"
            aria-label="Show only the lines of this task run"
            onClick={() => onTask(taskRunId)}
          >
            task
          </button>
        )}
      </div>
    </>
  );
}
