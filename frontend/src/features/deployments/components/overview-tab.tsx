import { Link, useNavigate, useRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { RunTicks } from "@/components/charts/run-ticks";
import { JsonView } from "@/components/ui/json-view";
import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { DurationChart } from "@/features/deployments/components/duration-chart";
import { NextRuns } from "@/features/deployments/components/next-runs";
import { SchedulesPanel } from "@/features/deployments/components/schedules-panel";
import { formatCount } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment } from "@/schema/wire/deployments";

import styles from "./deployments.module.css";

interface OverviewTabProps {
  readonly deployment: Deployment;
  readonly aside: ((deployment: Deployment) => ReactNode) | undefined;
  /** The schedule whose form is open. */
  readonly schedule: string | undefined;
  readonly onSchedule: (schedule: string | undefined) => void;
}

/** How it went, and when it goes next. */
export function OverviewTab({ deployment: data, aside, schedule, onSchedule }: OverviewTabProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const router = useRouter();
  const openRun = (runId: string) => void navigate({ to: paths.run, params: { workspace, runId } });
  return (
    <div className={styles["columns"]}>
      <div className={styles["stack"]}>
        <Panel
          title="Recent runs"
          aside={
            <nav aria-label="Its runs" className={styles["links"]}>
              <Link to={paths.newBackfill} params={{ workspace }} search={{ deployment: data.id }} className="link">
                Fill in missing runs
              </Link>
              <Link to={paths.backfills} params={{ workspace }} search={{ deployment: data.id }} className="link">
                Backfills
              </Link>
              <Link to={paths.runs} params={{ workspace }} search={{ deployment_id: data.id, range: "30d" }} className="link">
                All runs
              </Link>
            </nav>
          }
        >
          <div className={styles["bigTicks"]}>
            <RunTicks
              height={40}
              wide
              ticks={[...data.recent_runs].reverse()}
              hrefFor={(runId) => router.buildLocation({ to: paths.run, params: { workspace, runId } }).href}
              onOpen={openRun}
            />
          </div>
          <div className={styles["legend"]}>
            <span>oldest</span>
            <span>newest</span>
          </div>
        </Panel>
        <DurationChart runs={data.recent_runs} onOpen={openRun} />
        {data.bundle !== null && (
          <Panel title="Requirements" aside={data.requirements.length === 0 ? undefined : formatCount(data.requirements.length)}>
            {data.requirements.length === 0 ? (
              <p className="muted" style={{ margin: 0 }}>
                None beside headway itself.
              </p>
            ) : (
              <ul className={styles["requirements"]} aria-label="Requirements">
                {data.requirements.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            )}
          </Panel>
        )}
        <Panel title="Parameters">
          {Object.keys(data.parameters).length === 0 ? (
            <p className="muted" style={{ margin: 0 }}>
              None of its own: a run takes the defaults of the function.
            </p>
          ) : (
            <JsonView value={data.parameters} label="parameters" tools={false} copyable />
          )}
        </Panel>
      </div>
      <div className={styles["stack"]}>
        <SchedulesPanel deployment={data} open={schedule} onOpen={onSchedule} />
        <NextRuns schedules={data.schedules} paused={data.paused} />
        {aside?.(data)}
      </div>
    </div>
  );
}
