import { Skeleton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { ErrorState } from "@/components/ui/error-state";
import { JsonView } from "@/components/ui/json-view";
import { TabBar } from "@/components/ui/tab-bar";
import { runKeys } from "@/features/runs/api/keys";
import { runQuery, transitionsQuery } from "@/features/runs/api/run";
import { LogsTab } from "@/features/runs/components/logs/logs-tab";
import { AroundTab } from "@/features/runs/components/run/around-tab";
import { ComputePanel } from "@/features/runs/components/run/compute-panel";
import { MetricsTab } from "@/features/runs/components/run/metrics-tab";
import { ParametersTab } from "@/features/runs/components/run/parameters-tab";
import type { Copying } from "@/features/runs/components/run/run-actions";
import { RunFailure } from "@/features/runs/components/run/run-failure";
import { RunHeader } from "@/features/runs/components/run/run-header";
import { SubrunsTab } from "@/features/runs/components/run/subruns-tab";
import { useLiveRun } from "@/features/runs/components/run/use-live-run";
import { WaitingPanel } from "@/features/runs/components/run/waiting-panel";
import { TimelineTab } from "@/features/runs/components/timeline/timeline-tab";
import type { RunSearch, RunTab } from "@/features/runs/run-search";
import { useWorkspace } from "@/lib/workspace";
import type { RunDetail } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

interface RunPageProps {
  readonly runId: string;
  readonly search: RunSearch;
  readonly onChange: (change: Partial<RunSearch>) => void;
  readonly copying: Copying;
  /** What it asked people; `onAnswered` has the run read again. */
  readonly approvals: (run: RunDetail, onAnswered: () => void) => ReactNode;
  /** What it cost: one amount, and what that is made of. */
  readonly cost: { readonly fact: (run: RunDetail) => ReactNode; readonly panel: (run: RunDetail) => ReactNode };
}

/** What happened, and why? */
export function RunPage({ runId, search, onChange, copying, approvals, cost }: RunPageProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const run = useQuery(runQuery(slug, runId));
  const transitions = useQuery(transitionsQuery(slug, runId));
  const live = useLiveRun(run.data, runId);
  const tab: RunTab = search.tab ?? "timeline";

  if (run.isError) return <ErrorState error={run.error} what="run" onRetry={() => void run.refetch()} />;
  if (run.data === undefined) {
    return (
      <div role="status" aria-label="Loading the run">
        <Skeleton height={28} width={320} mb={12} />
        <Skeleton height={26} mb={16} />
        <Skeleton height={40} width="70%" mb={24} />
        <Skeleton height={520} />
      </div>
    );
  }
  const { data } = run;
  const tasks = Object.values(data.task_counts ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <>
      <RunHeader run={data} transitions={transitions.data?.items ?? []} live={live.status} copying={copying} cost={cost.fact(data)} />
      {data.approvals.length > 0 && approvals(data, () => void client.invalidateQueries({ queryKey: runKeys.run(slug, runId) }))}
      <WaitingPanel run={data} />
      <RunFailure run={data} />
      <ComputePanel run={data} />
      {cost.panel(data)}
      <TabBar
        label="Parts of the run"
        value={tab}
        onChange={(next) => onChange({ tab: next === "timeline" ? undefined : next, q: undefined, state: undefined, level: undefined, hours: undefined })}
        tabs={[
          { value: "timeline", label: "Timeline", count: data.task_counts === null ? undefined : tasks },
          { value: "logs", label: "Logs" },
          { value: "around", label: "Around it" },
          ...(data.children > 0 || tab === "subruns" ? [{ value: "subruns", label: "Sub-runs", count: data.children } as const] : []),
          { value: "parameters", label: "Parameters", count: Object.keys(data.parameters).length },
          { value: "metrics", label: "Metrics" },
          { value: "raw", label: "Raw" },
        ]}
      />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} className={styles["panel"]}>
        {tab === "timeline" && <TimelineTab run={data} search={search} onChange={onChange} />}
        {tab === "logs" && <LogsTab run={data} search={search} live={live.lines} onChange={onChange} />}
        {tab === "around" && <AroundTab run={data} hours={search.hours} onHours={(hours) => onChange({ hours })} />}
        {tab === "subruns" && <SubrunsTab run={data} />}
        {tab === "parameters" && <ParametersTab run={data} />}
        {tab === "metrics" && <MetricsTab run={data} />}
        {tab === "raw" && <JsonView value={{ run: data, transitions: transitions.data?.items ?? [] }} label="the raw run" />}
      </div>
    </>
  );
}
