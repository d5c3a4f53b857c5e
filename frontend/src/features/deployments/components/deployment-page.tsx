import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useId, type ReactNode } from "react";

import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { TabBar } from "@/components/ui/tab-bar";
import { paths } from "@/config/paths";
import { deploymentQuery } from "@/features/deployments/api/queries";
import { DeploymentFacts } from "@/features/deployments/components/deployment-facts";
import { DeploymentMenu } from "@/features/deployments/components/deployment-menu";
import { OverviewTab } from "@/features/deployments/components/overview-tab";
import { RunDialog } from "@/features/deployments/components/run-dialog";
import { VersionsTab } from "@/features/deployments/components/versions-tab";
import { recentSuccess, type DeploymentSearch } from "@/features/deployments/model";
import { reasonOf } from "@/lib/may";
import { formatRatio } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Deployment } from "@/schema/wire/deployments";

import styles from "./deployments.module.css";

interface DeploymentPageProps {
  /** Who may run it, beside the schedules. */
  readonly aside?: (deployment: Deployment) => ReactNode;
  /** What it promises. */
  readonly levels?: (deployment: Deployment) => ReactNode;
  readonly deploymentId: string;
  readonly search: DeploymentSearch;
  readonly onChange: (change: Partial<DeploymentSearch>) => void;
}

export function DeploymentPage({ deploymentId, aside, levels, search, onChange }: DeploymentPageProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const deployment = useQuery(deploymentQuery(workspace, deploymentId));
  const denied = useDenial("runs:write");
  const runNow = useId();
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
  const tab = search.tab ?? "overview";
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
        <GuardedButton id={runNow} reason={denied ?? reasonOf(data.may["runs:write"])} leftSection={<Icon name="play" size={13} />} onClick={() => onChange({ run: "now" })}>
          Run now
        </GuardedButton>
      </PageHeader>
      <div className={styles["stack"]}>
        <DeploymentFacts deployment={data} />
        {data.description !== "" && <p style={{ margin: 0, maxWidth: "75ch" }}>{data.description}</p>}
        <div>
          <TabBar
            label="Parts of the deployment"
            value={tab}
            onChange={(next) => onChange({ tab: next === "overview" ? undefined : next, version: undefined, level: undefined })}
            tabs={[
              { value: "overview", label: "Overview" },
              { value: "versions", label: "Versions", count: data.version_number },
              ...(levels === undefined ? [] : [{ value: "levels" as const, label: "Service levels" }]),
            ]}
          />
          <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`} style={{ paddingTop: 12 }}>
            {tab === "overview" && <OverviewTab deployment={data} aside={aside} schedule={search.schedule} onSchedule={(schedule) => onChange({ schedule })} />}
            {tab === "versions" && <VersionsTab deployment={data} open={search.version} onOpen={(version) => onChange({ version })} />}
            {tab === "levels" && levels?.(data)}
          </div>
        </div>
      </div>
      {search.run === "now" && <RunDialog deployment={data} backTo={runNow} onClose={() => onChange({ run: undefined })} onStarted={openRun} />}
    </>
  );
}
