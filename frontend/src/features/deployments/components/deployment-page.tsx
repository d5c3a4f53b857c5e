import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { RunTicks } from "@/components/charts/run-ticks";
import { CopyId } from "@/components/ui/copy-id";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { JsonView } from "@/components/ui/json-view";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { TagList } from "@/components/ui/tag-list";
import { paths } from "@/config/paths";
import { deploymentQuery } from "@/features/deployments/api/queries";
import { DeploymentMenu } from "@/features/deployments/components/deployment-menu";
import { DurationChart } from "@/features/deployments/components/duration-chart";
import { NextRuns } from "@/features/deployments/components/next-runs";
import { RunDialog } from "@/features/deployments/components/run-dialog";
import { SchedulesPanel } from "@/features/deployments/components/schedules-panel";
import { recentSuccess, type DeploymentSearch } from "@/features/deployments/model";
import { formatStep } from "@/lib/time";
import { sizeText } from "@/lib/task-state";
import { formatBytes, formatCount, formatRatio, plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";

import styles from "./deployments.module.css";

interface DeploymentPageProps {
  /** Who may run it, beside the schedules. */
  readonly aside?: (deployment: { readonly id: string; readonly name: string }) => ReactNode;
  readonly deploymentId: string;
  readonly search: DeploymentSearch;
  readonly onChange: (change: Partial<DeploymentSearch>) => void;
}

export function DeploymentPage({ deploymentId, aside, search, onChange }: DeploymentPageProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const router = useRouter();
  const deployment = useQuery(deploymentQuery(workspace, deploymentId));
  const denial = useDenial("runs:write");
  const openRun = (runId: string) => void navigate({ to: paths.run, params: { workspace, runId } });

  if (deployment.isError) {
    return <ErrorState error={deployment.error} what="deployment" onRetry={() => void deployment.refetch()} />;
  }
  const { data } = deployment;
  if (data === undefined) {
    return (
      <div role="status" aria-label="Loading the deployment">
        <Skeleton height={28} width={280} mb={12} />
        <Skeleton height={90} mb={16} />
        <Skeleton height={220} />
      </div>
    );
  }
  const success = recentSuccess(data);
  return (
    <>
      <nav aria-label="Where this deployment belongs" className={styles["crumbs"]}>
        <Link to={paths.deployments} params={{ workspace }} className="link">
          Deployments
        </Link>
        <span aria-hidden="true">/</span>
        <Link to={paths.deployments} params={{ workspace }} search={{ q: data.flow.name }} className="link">
          {data.flow.name}
        </Link>
      </nav>
      <PageHeader
        title={data.name}
        answer={
          <>
            {success === null ? (
              "No run has ended yet"
            ) : (
              <>
                <Link to={paths.runs} params={{ workspace }} search={{ deployment_id: data.id, range: "30d" }}>
                  <strong>{formatRatio(success)}</strong>
                </Link>{" "}
                of the recent runs succeeded
              </>
            )}
            {data.paused && " · paused: schedules start nothing"}
          </>
        }
      >
        <DeploymentMenu deployment={data} />
        <GuardedButton reason={denial} leftSection={<Icon name="play" size={13} />} onClick={() => onChange({ run: "now" })}>
          Run now
        </GuardedButton>
      </PageHeader>
      <div className={styles["stack"]}>
        <Facts
          facts={[
            {
              term: "Flow",
              value: (
                <Link to={paths.runs} params={{ workspace }} search={{ flow_id: data.flow.id, range: "7d" }} className="link">
                  {data.flow.name}
                </Link>
              ),
            },
            {
              term: "Pool",
              value: (
                <Link to={paths.pools} params={{ workspace }} search={{ pool: data.pool.id }} className="link">
                  {data.pool.name}
                </Link>
              ),
            },
            { term: "Code", value: <span className="mono">{data.entrypoint}</span> },
            ...(data.size === null ? [] : [{ term: "Size", value: sizeText(data.size) }]),
            ...(data.bundle === null
              ? []
              : [
                  {
                    term: "Bundle",
                    value: (
                      <>
                        <CopyId id={data.bundle.sha256} label="checksum of the code" /> <span className="muted">{`${plural(data.bundle.files, "file")}, ${formatBytes(data.bundle.bytes)}`}</span>
                      </>
                    ),
                  },
                  { term: "Uploaded", value: <RelativeTime at={data.bundle.created_at} /> },
                ]),
            { term: "Version", value: data.version ?? "–" },
            { term: "Timeout", value: data.timeout_seconds === null ? "none" : formatStep(data.timeout_seconds) },
            { term: "Retries", value: String(data.retries) },
            ...(data.tags.length === 0 ? [] : [{ term: "Tags", value: <TagList tags={data.tags} max={5} /> }]),
            { term: "Id", value: <CopyId id={data.id} label="deployment id" /> },
          ]}
        />
        {data.description !== "" && <p style={{ margin: 0, maxWidth: "75ch" }}>{data.description}</p>}
        <div className={styles["columns"]}>
          <div className={styles["stack"]}>
            <Panel
              title="Recent runs"
              aside={
                <Link to={paths.runs} params={{ workspace }} search={{ deployment_id: data.id, range: "30d" }} className="link">
                  All runs
                </Link>
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
            <SchedulesPanel deployment={data} open={search.schedule} onOpen={(schedule) => onChange({ schedule })} />
            <NextRuns schedules={data.schedules} paused={data.paused} />
            {aside?.(data)}
          </div>
        </div>
      </div>
      {search.run === "now" && <RunDialog deployment={data} onClose={() => onChange({ run: undefined })} onStarted={openRun} />}
    </>
  );
}
