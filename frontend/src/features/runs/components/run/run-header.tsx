import { Link } from "@tanstack/react-router";
import { useEffect, type ReactNode } from "react";

import { CopyId } from "@/components/ui/copy-id";
import { Facts } from "@/components/ui/facts";
import { LiveBadge } from "@/components/ui/live-badge";
import { LiveDuration } from "@/components/ui/live-duration";
import { PoolKindIcon } from "@/components/ui/pool-kind-icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { StateBadge } from "@/components/ui/state-badge";
import { paths } from "@/config/paths";
import { RunActions, type Copying } from "@/features/runs/components/run/run-actions";
import { RunNote } from "@/features/runs/components/run/run-note";
import { RunTags } from "@/features/runs/components/run/run-tags";
import { kinFacts } from "@/features/runs/components/run/run-kin";
import { StateRibbon } from "@/features/runs/components/run/state-ribbon";
import { resumesWords, runSentence } from "@/features/runs/run-model";
import { SOURCE_WORDS } from "@/features/runs/runs-search";
import { isFinal } from "@/lib/run-state";
import type { LiveStatus } from "@/lib/live-stream";
import { formatDuration } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { RunDetail, Transition } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

interface RunHeaderProps {
  readonly run: RunDetail;
  readonly transitions: readonly Transition[];
  readonly live: LiveStatus;
  readonly copying: Copying;
  readonly cost: ReactNode;
}

export function RunHeader({ run, transitions, live, copying, cost }: RunHeaderProps) {
  const { slug: workspace } = useWorkspace();
  useEffect(() => {
    document.title = `${run.flow.name} ${run.name} · Headway`;
  }, [run.flow.name, run.name]);

  return (
    <header className={styles["header"]}>
      <nav aria-label="Where this run belongs" className={styles["crumbs"]}>
        <Link to={paths.runs} params={{ workspace }} className="link">
          Runs
        </Link>
        <span aria-hidden="true">/</span>
        <Link to={paths.runs} params={{ workspace }} search={{ flow_id: run.flow.id, range: "7d" }} className="link">
          {run.flow.name}
        </Link>
      </nav>
      <div className={styles["top"]}>
        <h1 className={styles["title"]}>{run.name}</h1>
        <StateBadge state={run.state} boxed />
        <span className={styles["spacer"]} />
        {!isFinal(run.state_type) && <LiveBadge status={live} />}
        <RunActions run={run} copying={copying} />
      </div>
      <p className={styles["sentence"]}>{runSentence(run)}</p>
      <RunNote run={run} />
      <StateRibbon run={run} transitions={transitions} />
      <Facts
        facts={[
          {
            term: "Duration",
            value: (
              <>
                <LiveDuration startedAt={run.started_at} endedAt={run.ended_at} durationMs={run.duration_ms} />
                {run.estimated_duration_ms !== null && (
                  <span className="muted"> usually {formatDuration(run.estimated_duration_ms)}</span>
                )}
              </>
            ),
          },
          { term: "Started", value: <RelativeTime at={run.started_at} none={run.ended_at === null ? "not yet" : "never reported"} /> },
          {
            term: "Started by",
            value:
              run.created_by?.kind === "automation" ? (
                <>
                  Automation,{" "}
                  <Link to={paths.automation} params={{ workspace, automationId: run.created_by.id }} className="link">
                    {run.created_by.name}
                  </Link>
                </>
              ) : (
                `${SOURCE_WORDS[run.source]}${run.created_by === null ? "" : `, ${run.created_by.name}`}`
              ),
          },
          {
            term: "Deployment",
            value:
              run.deployment === null ? (
                "none"
              ) : (
                <>
                  <Link to={paths.deployment} params={{ workspace, deploymentId: run.deployment.id }} className="link">
                    {run.deployment.name}
                  </Link>
                  {run.deployment_version !== null && <span className="muted"> version {run.deployment_version}</span>}
                </>
              ),
          },
          {
            term: "Pool",
            value:
              run.pool === null ? (
                "local process"
              ) : (
                <>
                  <PoolKindIcon pool={run.pool} />{" "}
                  <Link to={paths.pools} params={{ workspace }} search={{ pool: run.pool.id }} className="link">
                    {run.pool.name}
                  </Link>
                </>
              ),
          },
          { term: "Agent", value: run.agent === null ? "–" : `${run.agent.name} on ${run.agent.host}` },
          { term: "Cost", value: cost },
          { term: "Attempt", value: `${run.attempt}${resumesWords(run)}` },
          ...(run.priority === undefined || run.priority === 0 ? [] : [{ term: "Priority", value: String(run.priority) }]),
          ...kinFacts(run, workspace),
          { term: "Tags", value: <RunTags run={run} /> },
          { term: "Id", value: <CopyId id={run.id} label="run id" /> },
        ]}
      />
    </header>
  );
}
