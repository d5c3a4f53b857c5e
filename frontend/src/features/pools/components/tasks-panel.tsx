import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { LiveDuration } from "@/components/ui/live-duration";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { StateIcon } from "@/components/ui/state-icon";
import { paths } from "@/config/paths";
import { managedTasksQuery } from "@/features/pools/api/pools";
import { causeWords, sizeText, taskWords } from "@/lib/task-state";
import { elapsed } from "@/lib/time";
import { formatCount } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { ManagedTask } from "@/schema/wire/compute";

import styles from "./pools.module.css";

/** What managed compute executes now and executed lately. */
export function TasksPanel({ pool }: { readonly pool: string }) {
  const { slug } = useWorkspace();
  const tasks = useQuery(managedTasksQuery(slug));
  const rows = tasks.data?.items ?? [];
  return (
    <Panel title="Tasks, now and lately" aside={rows.length > 0 ? `the newest ${formatCount(rows.length)}` : undefined} flush>
      {tasks.isPending && <SkeletonRows rows={4} label="tasks" />}
      {tasks.isError && <ErrorState error={tasks.error} what="tasks" onRetry={() => void tasks.refetch()} />}
      {tasks.isSuccess && rows.length === 0 && (
        <EmptyState icon="pools" title="Nothing was executed here yet" code={`headway deploy --pool ${pool} flow.py:main\nheadway deployments run main/main`}>
          Each run of a deployment of this pool becomes a task of its own: it fetches the code, prepares its environment, and runs.
        </EmptyState>
      )}
      {rows.length > 0 && (
        <ul className={styles["tasks"]} aria-label="Tasks">
          {rows.map((task) => (
            <TaskRow key={`${task.run.id} ${task.requested_at}`} task={task} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function TaskRow({ task }: { readonly task: ManagedTask }) {
  const { slug: workspace } = useWorkspace();
  const { word, kind } = taskWords(task.state, task.cause, task.exit_code, task.run_state);
  const cause = causeWords(task.cause);
  return (
    <li className={styles["taskRow"]}>
      <span className={styles["taskState"]}>
        <StateIcon kind={kind} size={13} /> {word}
      </span>
      <span className={styles["taskName"]}>
        <Link to={paths.run} params={{ workspace, runId: task.run.id }} className={styles["plain"]}>
          {task.run.name}
        </Link>
        {task.deployment !== null && <span className="muted"> {task.deployment.name}</span>}
        {cause !== null && <span className={styles["under"]}>{cause}</span>}
      </span>
      <span className={styles["taskSize"]}>{sizeText(task.size)}</span>
      <span className={styles["taskTook"]}>
        {task.started_at === null ? <span className="muted">not started</span> : <LiveDuration startedAt={task.started_at} endedAt={task.stopped_at} durationMs={elapsed(task.started_at, task.stopped_at, 0)} />}
      </span>
      <span className={styles["taskWhen"]}>
        <RelativeTime at={task.requested_at} />
      </span>
    </li>
  );
}
