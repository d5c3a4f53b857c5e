import { Link } from "@tanstack/react-router";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { slotsInUse } from "@/features/pools/model";
import { meterAmount } from "@/lib/meters";
import { BACKEND_WORDS } from "@/lib/task-state";
import { formatCount, formatRatio, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { ManagedPool } from "@/schema/wire/compute";
import type { Pool } from "@/schema/wire/pools";

import styles from "./pools.module.css";

interface ManagedPanelProps {
  readonly pool: Pool;
  readonly managed: ManagedPool;
}

const DRAWN_SLOTS = 24;

/** A pool without agents: how full it is, what of the month is used, and how to deploy to it. */
export function ManagedPanel({ pool, managed }: ManagedPanelProps) {
  const { slug: workspace } = useWorkspace();
  const { tasks, month, slots, backend } = managed;
  const used = slotsInUse(managed);
  if (backend === "OFF") {
    return (
      <Panel title="Managed compute is off">
        <p className="muted" style={{ margin: 0 }}>
          Nothing executes the runs of {pool.name} on this installation. Who runs it can switch managed compute on; or deploy to a pool that an agent serves.
        </p>
      </Panel>
    );
  }
  return (
    <div className={styles["managed"]}>
      <Panel title="Now" aside={`on ${BACKEND_WORDS[backend]}`}>
        <p className={styles["big"]}>
          <strong>{formatCount(used)}</strong> <span className="muted">{slots === null ? `${used === 1 ? "task" : "tasks"} up` : `of ${plural(slots, "slot")} in use here`}</span>
        </p>
        {slots !== null && (
          <span className={styles["slots"]} aria-hidden="true">
            {Array.from({ length: Math.min(slots, DRAWN_SLOTS) }, (_, index) => (
              <span key={index} className={styles["slot"]} data-used={index < used} />
            ))}
          </span>
        )}
        <p className={styles["small"]}>
          {formatCount(tasks.running)} running, {formatCount(tasks.starting)} starting, {formatCount(tasks.stopping)} stopping, {formatCount(tasks.requested)} waiting for a place
        </p>
      </Panel>
      <Panel
        title="This month"
        aside={
          <Link to={paths.usage} params={{ workspace }} search={{ meter: "managed_seconds" }} className="link">
            Usage
          </Link>
        }
      >
        <p className={styles["big"]}>
          <strong>{meterAmount("managed_seconds", month.managed_seconds)}</strong>{" "}
          <span className="muted">
            {month.limit === null ? "managed minutes, without a limit" : `of ${meterAmount("managed_seconds", month.limit)} managed minutes`}
          </span>
        </p>
        {month.limit !== null && (
          <>
            <span className={styles["share"]} aria-hidden="true">
              <span style={{ width: `${Math.min(100, (month.managed_seconds / Math.max(1, month.limit)) * 100)}%` }} data-full={month.managed_seconds >= month.limit || undefined} />
            </span>
            <p className={styles["small"]}>{formatRatio(month.limit === 0 ? 1 : month.managed_seconds / month.limit)} used by this workspace; the limit is the account’s.</p>
          </>
        )}
      </Panel>
      <Panel title="Deploy to it">
        <CodeSnippet code={deployCommand(pool.name)} />
        <p className={styles["small"]}>
          Uploads the folder of the file and takes what requirements.txt names. More room: <code className="mono">--cpu 1 --memory 4096</code>
        </p>
      </Panel>
    </div>
  );
}

function deployCommand(pool: string): string {
  return `headway deploy --pool ${pool} flow.py:main`;
}
