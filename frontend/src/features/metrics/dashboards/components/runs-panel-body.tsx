import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { stackByState } from "@/components/charts/state-stack";
import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { StateBadge } from "@/components/ui/state-badge";
import { paths } from "@/config/paths";
import { runCountsOf, runsOf } from "@/features/metrics/dashboards/api";
import type { Chosen } from "@/features/metrics/dashboards/model";
import type { RangeSearch } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { RunsPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";

interface RunsPanelBodyProps {
  readonly panel: RunsPanel;
  readonly range: RangeSearch;
  readonly chosen: Chosen;
  readonly onZoom: (from: number, to: number) => void;
}

/** The newest runs, or how many there were when. */
export function RunsPanelBody({ panel, range, chosen, onZoom }: RunsPanelBodyProps) {
  const { slug } = useWorkspace();
  const deployment = panel.deployment?.startsWith("$") === true ? chosen[panel.deployment.slice(1)]?.[0] : panel.deployment;
  const list = useQuery({ ...runsOf(slug, range, panel, deployment), enabled: panel.view === "list" });
  const counts = useQuery({ ...runCountsOf(slug, range, panel, deployment), enabled: panel.view === "histogram" });
  if (panel.view === "histogram") {
    if (counts.data === undefined) return counts.isError ? <Refusal error={counts.error} /> : <SkeletonRows rows={4} label="Loading runs" />;
    return <StackedHistogram buckets={stackByState(counts.data)} stepMs={counts.data.step_seconds * 1000} noun="runs" height={HEIGHT_PX * panel.h} onSelect={onZoom} />;
  }
  if (list.data === undefined) return list.isError ? <Refusal error={list.error} /> : <SkeletonRows rows={4} label="Loading runs" />;
  if (list.data.items.length === 0) return <p className="muted">No such runs in this range.</p>;
  return (
    <ul className={styles["lines"]}>
      {list.data.items.map((run) => (
        <li key={run.id}>
          <StateBadge state={run.state} />
          <Link to={paths.run} params={{ workspace: slug, runId: run.id }} className={`link ${styles["name"]}`}>
            {run.name}
          </Link>
          <span className="muted">
            <RelativeTime at={run.created_at} />
          </span>
        </li>
      ))}
      {list.data.next_cursor !== null && (
        <li className="muted">
          The newest {list.data.items.length}.{" "}
          <Link to={paths.runs} params={{ workspace: slug }} search={{ range: range.range, from: range.from, to: range.to }} className="link">
            All runs
          </Link>
        </li>
      )}
    </ul>
  );
}

const HEIGHT_PX = 30; // of the bars, for each row of the panel
