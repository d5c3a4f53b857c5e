import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { LiveDuration } from "@/components/ui/live-duration";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { StateBadge } from "@/components/ui/state-badge";
import { paths } from "@/config/paths";
import { MOST_SUBRUNS, subrunsQuery } from "@/features/runs/api/run";
import { useWorkspace } from "@/lib/workspace";
import type { RunDetail } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

/** The runs that it started, and how they went. */
export function SubrunsTab({ run }: { readonly run: RunDetail }) {
  const { slug: workspace } = useWorkspace();
  const subruns = useQuery(subrunsQuery(workspace, run.id));
  if (subruns.isPending) return <SkeletonRows rows={4} label="sub-runs" />;
  if (subruns.isError) return <ErrorState error={subruns.error} what="sub-runs" onRetry={() => void subruns.refetch()} />;
  if (subruns.data.items.length === 0) {
    return (
      <EmptyState icon="runs" title="It started no other run" code={'from headway import run_deployment\n\nrun_deployment("load/nightly", {"day": "2026-11-21"})'}>
        Runs that its code starts stand here, and are cancelled with it.
      </EmptyState>
    );
  }
  return (
    <Panel flush>
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Sub-runs">
        <table className={styles["subruns"]}>
          <thead>
            <tr>
              <th>State</th>
              <th>Run</th>
              <th>Deployment</th>
              <th className={styles["number"]}>Duration</th>
              <th className={styles["number"]}>Made</th>
            </tr>
          </thead>
          <tbody>
            {subruns.data.items.map((each) => (
              <tr key={each.id}>
                <td>
                  <StateBadge state={each.state} />
                </td>
                <td>
                  <Link to={paths.run} params={{ workspace, runId: each.id }} className="link">
                    {each.name}
                  </Link>{" "}
                  <span className="muted">{each.flow.name}</span>
                </td>
                <td>{each.deployment?.name ?? <span className="muted">not deployed</span>}</td>
                <td className={styles["number"]}>
                  <LiveDuration startedAt={each.started_at} endedAt={each.ended_at} durationMs={each.duration_ms} />
                </td>
                <td className={styles["number"]}>
                  <RelativeTime at={each.created_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {subruns.data.next_cursor !== null && (
        <p className={styles["under"]}>
          The newest {MOST_SUBRUNS} of them.{" "}
          <Link to={paths.runs} params={{ workspace }} search={{ parent: run.id, range: "30d" }} className="link">
            All in the list of runs
          </Link>
        </p>
      )}
    </Panel>
  );
}
