import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { changeQueue, deleteQueue, poolKeys } from "@/features/pools/api/pools";
import { QueueDialog } from "@/features/pools/components/queue-dialog";
import { deleteDenial } from "@/features/pools/model";
import { asApiError } from "@/lib/errors";
import { useMay } from "@/lib/may";
import { formatCount } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Pool, Queue } from "@/schema/wire/pools";

import styles from "./pools.module.css";

/** The lanes of a pool, in the order in which they are served. */
export function QueuesPanel({ pool }: { readonly pool: Pool }) {
  const { slug: workspace } = useWorkspace();
  const client = useQueryClient();
  const denial = useMay(pool.may, "pools:write");
  const [editing, setEditing] = useState<Queue | "new" | null>(null);
  const [ending, setEnding] = useState<Queue | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: poolKeys.all(workspace) });
  const pause = useMutation({
    mutationFn: ({ id, paused }: Queue) => changeQueue(workspace, pool.id, id, { paused: !paused }),
    onSuccess: refresh,
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  const end = useMutation({
    mutationFn: (queue: Queue) => deleteQueue(workspace, pool.id, queue.id),
    onSuccess: async () => {
      await refresh();
      setEnding(null);
    },
  });
  return (
    <Panel
      title="Queues"
      flush
      aside={
        <span className={styles["aside"]}>
          <Link to={paths.runs} params={{ workspace }} search={{ pool_id: pool.id }} className="link">
            Runs of this pool
          </Link>
          <GuardedButton size="compact-xs" variant="default" reason={denial} leftSection={<Icon name="plus" size={12} />} onClick={() => setEditing("new")}>
            Add queue
          </GuardedButton>
        </span>
      }
    >
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={`Queues of ${pool.name}`}>
        <table className={`${styles["table"]} ${styles["asCards"]}`}>
          <thead>
            <tr>
              <th>Queue</th>
              <th className={styles["number"]}>Priority</th>
              <th className={styles["number"]}>Waiting</th>
              <th className={styles["number"]}>At once</th>
              <th>State</th>
              <th>
                <span className="visually-hidden">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {pool.queues.map((queue) => (
              <tr key={queue.id}>
                <td>
                  {queue.name} {queue.is_default && <span className={styles["default"]}>default</span>}
                </td>
                <td className={styles["number"]} data-label="Priority">{queue.priority}</td>
                <td className={styles["number"]} data-label="Waiting">
                  <Link to={paths.runs} params={{ workspace }} search={{ pool_id: pool.id, state: ["scheduled", "late", "held", "pending"], range: "30d" }} className="link">
                    {formatCount(queue.queued)}
                  </Link>
                </td>
                <td className={styles["number"]} data-label="At once">{queue.concurrency_limit === null ? <span className="muted">no limit</span> : formatCount(queue.concurrency_limit)}</td>
                <td>{queue.paused ? "Paused" : "Open"}</td>
                <td className={styles["actions"]}>
                  <GuardedIcon icon={queue.paused ? "play" : "pause"} label={queue.paused ? "Resume" : "Pause"} name={`${queue.paused ? "Resume" : "Pause"} queue ${queue.name}`} reason={denial} onClick={() => pause.mutate(queue)} />
                  <GuardedIcon icon="edit" label="Change" name={`Change queue ${queue.name}`} reason={denial} onClick={() => setEditing(queue)} />
                  <GuardedIcon
                    icon="trash"
                    label="Delete"
                    name={`Delete queue ${queue.name}`}
                    reason={deleteDenial(queue, denial)}
                    onClick={() => {
                      end.reset();
                      setEnding(queue);
                    }}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {editing !== null && <QueueDialog pool={pool} queue={editing === "new" ? undefined : editing} onClose={() => setEditing(null)} />}
      {ending !== null && (
        <ConfirmDialog opened title={`Delete the queue ${ending.name}?`} verb="Delete queue" danger busy={end.isPending} error={end.error} onConfirm={() => end.mutate(ending)} onClose={() => setEnding(null)}>
          Nothing new can name it. Runs of the past keep it, and one of them that is tried again is still served.
        </ConfirmDialog>
      )}
    </Panel>
  );
}
