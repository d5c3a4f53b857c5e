import { Link, useNavigate } from "@tanstack/react-router";

import { DurationBar } from "@/components/charts/duration-bar";
import { LiveDuration } from "@/components/ui/live-duration";
import { PoolKindIcon } from "@/components/ui/pool-kind-icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { StateBadge } from "@/components/ui/state-badge";
import { TagList } from "@/components/ui/tag-list";
import { paths } from "@/config/paths";
import { SOURCE_WORDS } from "@/features/runs/runs-search";
import { elapsed } from "@/lib/time";
import { kindOf } from "@/lib/run-state";
import { formatCount } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { RunRow as Row } from "@/schema/wire/runs";

import styles from "./run-list.module.css";

interface RunRowProps {
  readonly run: Row;
  readonly longestMs: number;
  readonly now: number;
  readonly active: boolean;
  readonly top: number;
  readonly index: number;
}

export function RunRow({ run, longestMs, now, active, top, index }: RunRowProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const counts = run.task_counts;
  const total = counts === null ? 0 : Object.values(counts).reduce((sum, count) => sum + count, 0);
  const ms = run.duration_ms ?? elapsed(run.started_at, run.ended_at, now);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={styles["row"]}
      data-active={active}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => void navigate({ to: paths.run, params: { workspace, runId: run.id } })}
    >
      <div role="cell" className={`${styles["cell"]} ${styles["state"]}`}>
        <StateBadge state={run.state} />
      </div>
      <div role="cell" className={`${styles["cell"]} ${styles["run"]}`}>
        <Link
          to={paths.run}
          params={{ workspace, runId: run.id }}
          className={styles["name"]}
          onClick={(event) => event.stopPropagation()}
        >
          {run.flow.name} <span className="muted">{run.name}</span>
        </Link>
        <span className={styles["extras"]}>
          {run.attempt > 1 && <span className="muted">attempt {run.attempt}</span>}
          <TagList tags={run.tags} loose />
        </span>
      </div>
      <div
        role="cell"
        className={`${styles["cell"]} ${styles["where"]}`}
        title={`${run.deployment?.name ?? "not deployed"}${run.deployment_version === null ? "" : `, version ${run.deployment_version}`}`}
      >
        <PoolKindIcon pool={run.pool} /> {run.deployment?.name ?? <span className="muted">not deployed</span>}
        {run.deployment_version !== null && <span className="muted"> v{run.deployment_version}</span>}
      </div>
      <div role="cell" className={`${styles["cell"]} ${styles["source"]}`}>
        {SOURCE_WORDS[run.source]}
        {run.created_by !== null && <span className="muted"> {run.created_by.name}</span>}
      </div>
      <div role="cell" className={`${styles["cell"]} ${styles["tasks"]} ${styles["number"]}`}>
        {counts === null || total === 0 ? <span className="muted">–</span> : `${formatCount(counts.COMPLETED ?? 0)} / ${formatCount(total)}`}
      </div>
      <div role="cell" className={`${styles["cell"]} ${styles["bar"]}`}>
        <DurationBar ms={ms} longestMs={longestMs} kind={kindOf(run.state)} />
      </div>
      <div role="cell" className={`${styles["cell"]} ${styles["duration"]} ${styles["number"]}`}>
        <LiveDuration startedAt={run.started_at} endedAt={run.ended_at} durationMs={run.duration_ms} />
      </div>
      <div role="cell" className={`${styles["cell"]} ${styles["when"]} ${styles["number"]}`}>
        <RelativeTime at={run.started_at ?? run.scheduled_for ?? run.created_at} />
      </div>
    </div>
  );
}
