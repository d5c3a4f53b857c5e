import { Link } from "@tanstack/react-router";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { stackByState } from "@/components/charts/state-stack";
import { RelativeTime } from "@/components/ui/relative-time";
import { StateBadge } from "@/components/ui/state-badge";
import { paths } from "@/config/paths";
import { filledDeployment } from "@/features/metrics/dashboards/variables";
import { kindOfType, STACK_ORDER } from "@/lib/run-state";
import type { RunsPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import type { PanelBodyProps } from "./panel-body";
import { usePanelHome } from "./panel-home";

/** The newest runs, or how many there were when. */
export function RunsPanelBody({ panel, found, onZoom }: PanelBodyProps<RunsPanel>) {
  const home = usePanelHome();
  if (found.run_counts !== null) {
    return (
      <StackedHistogram
        buckets={stackByState(found.run_counts)}
        stepMs={found.run_counts.step_seconds * 1000}
        noun="runs"
        height={HEIGHT_PX * panel.h}
        {...(onZoom === undefined ? {} : { onSelect: onZoom })}
      />
    );
  }
  const { items, has_more } = found.runs ?? { items: [], has_more: false };
  if (items.length === 0) return <p className="muted">No such runs in this range.</p>;
  const states = panel.states === undefined || panel.states.length === 0 ? undefined : STACK_ORDER.filter((type) => panel.states?.includes(type)).map(kindOfType);
  return (
    <ul className={styles["lines"]}>
      {items.map((run, place) => (
        <li key={run.id ?? place}>
          <StateBadge state={run.state} />
          {home === null || run.id === null ? (
            <span className={styles["name"]}>{run.name}</span>
          ) : (
            <Link to={paths.run} params={{ workspace: home.workspace, runId: run.id }} className={`link ${styles["name"]}`}>
              {run.name}
            </Link>
          )}
          <span className="muted">
            <RelativeTime at={run.created_at} />
          </span>
        </li>
      ))}
      {has_more && (
        <li className="muted">
          The newest {items.length}.{" "}
          {home !== null && (
            <Link to={paths.runs} params={{ workspace: home.workspace }} search={{ state: states, deployment_id: filledDeployment(panel.deployment, home.chosen), range: home.range.range, from: home.range.from, to: home.range.to }} className="link">
              All of them
            </Link>
          )}
        </li>
      )}
    </ul>
  );
}

const HEIGHT_PX = 30; // of the bars, for each row of the panel
