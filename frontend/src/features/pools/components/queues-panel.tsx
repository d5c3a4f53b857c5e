import { Link } from "@tanstack/react-router";

import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { formatCount } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Pool } from "@/schema/wire/pools";

import styles from "./pools.module.css";

export function QueuesPanel({ pool }: { readonly pool: Pool }) {
  const { slug: workspace } = useWorkspace();
  return (
    <Panel
      title="Queues"
      flush
      aside={
        <Link to={paths.runs} params={{ workspace }} search={{ pool_id: pool.id }} className="link">
          Runs of this pool
        </Link>
      }
    >
      <table className={styles["table"]}>
        <thead>
          <tr>
            <th>Queue</th>
            <th className={styles["number"]}>Priority</th>
            <th className={styles["number"]}>Waiting</th>
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {pool.queues.map((queue) => (
            <tr key={queue.id}>
              <td>{queue.name}</td>
              <td className={styles["number"]}>{queue.priority}</td>
              <td className={styles["number"]}>
                <Link
                  to={paths.runs}
                  params={{ workspace }}
                  search={{ pool_id: pool.id, state: ["scheduled", "late", "held", "pending"], range: "30d" }}
                  className="link"
                >
                  {formatCount(queue.queued)}
                </Link>
              </td>
              <td>{queue.paused ? "Paused" : "Open"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
