import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { PhaseBar } from "@/components/charts/phase-bar";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { StateIcon } from "@/components/ui/state-icon";
import { computeQuery } from "@/features/runs/api/run";
import { useNow } from "@/lib/now";
import { isFinal } from "@/lib/run-state";
import { asSentence, BACKEND_WORDS, causeWords, phaseParts, sizeText, taskWords, usedText } from "@/lib/task-state";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { RunTask } from "@/schema/wire/compute";
import type { Run } from "@/schema/wire/runs";

import styles from "./compute-panel.module.css";

const LIVE_MS = 3_000;

/** Where a managed run ran: how its task came up, how it ended, and what it used. */
export function ComputePanel({ run }: { readonly run: Run }) {
  const { slug } = useWorkspace();
  const over = isFinal(run.state_type);
  // A run that an agent took is not a managed one; of the others the server knows.
  const compute = useQuery({
    ...computeQuery(slug, run.id),
    enabled: run.pool !== null && run.agent === null,
    refetchInterval: (query) => {
      const { data } = query.state;
      if (data === undefined || data === null) return false;
      return !over || data.some((task) => task.state !== "STOPPED" || task.managed_seconds === null) ? LIVE_MS : false;
    },
  });
  const [all, setAll] = useState(false);
  const [latest, ...earlier] = compute.data ?? [];
  if (latest === undefined) return null;
  return (
    <div className={styles["outer"]}>
      <Panel
        title={
          <>
            Compute <span className={styles["size"]}>{sizeText(latest.size)}</span>
          </>
        }
        aside={`on ${BACKEND_WORDS[latest.backend]}`}
      >
        <Task task={latest} run={run} />
        {earlier.length > 0 && (
          <>
            <button type="button" className={styles["disclose"]} aria-expanded={all} onClick={() => setAll(!all)}>
              <Icon name={all ? "chevronDown" : "chevronRight"} size={13} />
              {plural(earlier.length, "earlier execution")}
            </button>
            {all && (
              <ol className={styles["earlier"]} aria-label="Earlier executions">
                {earlier.map((task) => (
                  <li key={task.epoch}>
                    <Task task={task} run={null} />
                  </li>
                ))}
              </ol>
            )}
          </>
        )}
      </Panel>
    </div>
  );
}

interface TaskProps {
  readonly task: RunTask;
  /** Whose header tells the cause already; null for the task of an earlier execution. */
  readonly run: Run | null;
}

function Task({ task, run }: TaskProps) {
  return task.state === "STOPPED" ? <TaskAt task={task} run={run} now={0} /> : <GrowingTask task={task} run={run} />;
}

function GrowingTask(props: TaskProps) {
  return <TaskAt {...props} now={useNow()} />;
}

function TaskAt({ task, run, now }: TaskProps & { readonly now: number }) {
  const { word, kind } = taskWords(task.state, task.cause, task.exit_code);
  const cause = causeWords(task.cause);
  const used = usedText(task);
  const told = run !== null && cause !== null && cause === causeWords(run.cause);
  return (
    <div className={styles["task"]}>
      <p className={styles["line"]}>
        <span className={styles["state"]}>
          <StateIcon kind={kind} size={13} /> {word}
        </span>
        <span className="muted">execution {task.epoch}</span>
        {task.exit_code !== null && <span className="muted">exit code {task.exit_code}</span>}
        {used !== null && <span className={styles["used"]}>{used}</span>}
      </p>
      <PhaseBar parts={phaseParts(task, now)} />
      {cause !== null && !told && <p className={styles["cause"]}>{asSentence(cause)}</p>}
      {cause === null && task.exit_code !== 0 && task.reason !== "" && <p className={`${styles["cause"]} muted`}>{task.reason}</p>}
    </div>
  );
}
