import { ActionIcon, Button, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { CopyId } from "@/components/ui/copy-id";
import { Facts } from "@/components/ui/facts";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { StateBadge } from "@/components/ui/state-badge";
import { taskTransitionsQuery } from "@/features/runs/api/run";
import { endOf, type Columns } from "@/features/runs/timeline/columns";
import type { RunSearch } from "@/features/runs/run-search";
import { formatClockMs } from "@/lib/time";
import { formatDuration } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Run } from "@/schema/wire/runs";

import styles from "./task-detail.module.css";

interface TaskDetailProps {
  readonly run: Run;
  readonly columns: Columns;
  readonly row: number;
  readonly nowMs: number;
  readonly critical: boolean;
  readonly onChange: (change: Partial<RunSearch>) => void;
}

const LISTED = 8;

/** One task run: what it waited for, how it went, and the way to its log lines. */
export function TaskDetail({ run, columns, row, nowMs, critical, onChange }: TaskDetailProps) {
  const { slug } = useWorkspace();
  const id = columns.ids[row] ?? "";
  const transitions = useQuery(taskTransitionsQuery(slug, run.id, id));
  const start = columns.start[row] ?? NaN;
  const dependencies = (columns.dependsOn[row] ?? []).filter((each) => each < columns.count);
  return (
    <Panel
      title={columns.names[row]}
      aside={
        <ActionIcon aria-label="Close the task run" size="sm" onClick={() => onChange({ task: undefined })}>
          <Icon name="close" size={14} />
        </ActionIcon>
      }
    >
      <Group gap={8} mb={12}>
        <StateBadge state={columns.states[columns.state[row] ?? 0] ?? ""} boxed />
        {critical && <span className="muted">on the critical path</span>}
      </Group>
      <Facts
        facts={[
          { term: "Task", value: columns.taskNames[columns.task[row] ?? 0] ?? "" },
          { term: "Duration", value: Number.isNaN(start) ? "–" : formatDuration(endOf(columns, row, nowMs) - start) },
          { term: "Started at", value: Number.isNaN(start) ? "–" : `+${formatDuration(start)}` },
          { term: "Id", value: <CopyId id={id} /> },
        ]}
      />
      <h3 className={styles["heading"]}>States</h3>
      {transitions.isPending && <p className="muted">Loading</p>}
      {transitions.isError && <p className="muted">{transitions.error.message}</p>}
      <ol className={styles["states"]}>
        {transitions.data?.items.map((transition) => (
          <li key={transition.id} className={styles["state"]}>
            <StateBadge state={transition.state} />
            <time className="muted" dateTime={transition.occurred_at}>
              {formatClockMs(transition.occurred_at)}
            </time>
            {transition.message !== "" && <span className={styles["message"]}>{transition.message}</span>}
          </li>
        ))}
      </ol>
      {dependencies.length > 0 && (
        <>
          <h3 className={styles["heading"]}>After</h3>
          <ul className={styles["states"]}>
            {dependencies.slice(0, LISTED).map((each) => (
              <li key={each}>
                <button type="button" className={styles["link"]} onClick={() => onChange({ task: columns.ids[each] })}>
                  {columns.names[each]}
                </button>
              </li>
            ))}
            {dependencies.length > LISTED && <li className="muted">and {dependencies.length - LISTED} more</li>}
          </ul>
        </>
      )}
      <Button
        variant="default"
        mt={12}
        leftSection={<Icon name="logs" size={14} />}
        onClick={() => onChange({ tab: "logs", task: id, q: undefined, state: undefined })}
      >
        Logs of this task run
      </Button>
    </Panel>
  );
}
