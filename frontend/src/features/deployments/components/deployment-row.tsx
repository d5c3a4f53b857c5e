import { Link, useNavigate, useRouter } from "@tanstack/react-router";

import { RunTicks } from "@/components/charts/run-ticks";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { StateIcon } from "@/components/ui/state-icon";
import { paths } from "@/config/paths";
import { recentSuccess, restingSchedule } from "@/features/deployments/model";
import { scheduleWords } from "@/lib/schedule-words";
import { kindOf } from "@/lib/run-state";
import { formatRatio } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { DeploymentRow } from "@/schema/wire/deployments";

import styles from "./deployments.module.css";

interface DeploymentTableRowProps {
  readonly row: DeploymentRow;
  readonly active: boolean;
}

export function DeploymentTableRow({ row, active }: DeploymentTableRowProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const router = useRouter();
  const denial = useDenial("runs:write");
  const params = { workspace, deploymentId: row.id };
  const resting = restingSchedule(row);
  const first = resting ?? row.schedules[0];
  const last = row.recent_runs[0];
  return (
    <tr data-active={active}>
      <td>
        <span className={styles["title"]}>
          {last === undefined ? <span className={styles["noState"]} /> : <StateIcon kind={kindOf(last.state)} />}
          <Link to={paths.deployment} params={params} className={styles["name"]}>
            {row.name}
          </Link>
        </span>
        <span className={styles["under"]}>{row.flow.name}</span>
      </td>
      <td className={styles["ticks"]}>
        <RunTicks
          ticks={[...row.recent_runs].reverse()}
          hrefFor={(runId) => router.buildLocation({ to: paths.run, params: { workspace, runId } }).href}
          onOpen={(runId) => void navigate({ to: paths.run, params: { workspace, runId } })}
        />
      </td>
      <td>
        {row.paused ? "Paused" : first === undefined ? <span className="muted">by hand</span> : scheduleWords(first)}
        {row.schedules.length > 1 && <span className={styles["under"]}>and {row.schedules.length - 1} more</span>}
        {resting !== null && (
          <span className={`${styles["under"]} ${styles["fault"]}`}>
            <Icon name="alert" size={12} /> Rests: {resting.fault}
          </span>
        )}
      </td>
      <td data-label="Pool">
        <Link to={paths.pools} params={{ workspace }} search={{ pool: row.pool.id }} className={styles["plainLink"]}>
          {row.pool.name}
        </Link>
      </td>
      <td className={styles["number"]} data-label="Success">
        <Link to={paths.runs} params={{ workspace }} search={{ deployment_id: row.id, range: "30d" }} className={styles["plainLink"]}>
          {formatRatio(recentSuccess(row))}
        </Link>
      </td>
      <td className={styles["number"]} data-label="Next">
        <RelativeTime at={row.next_run_at} />
      </td>
      <td className={`${styles["number"]} ${styles["action"]}`}>
        <GuardedButton
          variant="default"
          reason={denial}
          onClick={() => void navigate({ to: paths.deployment, params, search: { run: "now" } })}
        >
          Run now
        </GuardedButton>
      </td>
    </tr>
  );
}
