import { useState } from "react";

import { AnsiText } from "@/components/ui/ansi-text";
import { Icon } from "@/components/ui/icon";
import { JsonView } from "@/components/ui/json-view";
import { Traceback } from "@/components/ui/traceback";
import { jsonOf } from "@/features/runs/logs/model";
import { formatClockMs, formatExact } from "@/lib/time";
import { hasTraceback } from "@/lib/traceback";
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
  const [open, setOpen] = useState(false);
  const json = jsonOf(line.message);
  return (
    <>
      {gapMs !== null && <div className={styles["gap"]}>{formatDuration(gapMs)} without a line</div>}
      <div className={styles["line"]} data-level={line.level}>
        <time className={styles["time"]} dateTime={line.occurred_at} title={formatExact(line.occurred_at)}>
          {formatClockMs(line.occurred_at)}
        </time>
        <span className={styles["level"]}>{SHORT[line.level]}</span>
        <span className={styles["message"]} data-wrap={wrap}>
          {json !== null && (
            <button type="button" className={styles["json"]} aria-expanded={open} aria-label="Show as JSON" onClick={() => setOpen(!open)}>
              <Icon name={open ? "chevronDown" : "chevronRight"} size={12} />
            </button>
          )}
          {needle === "" && hasTraceback(line.message) ? (
            <Traceback text={line.message} bare />
          ) : (
            <AnsiText text={line.message} needles={needle === "" ? [] : [needle]} />
          )}
          {open && json !== null && <JsonView value={json} label="log line" tools={false} copyable />}
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
