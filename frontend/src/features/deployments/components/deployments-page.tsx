import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { FacetMenu } from "@/components/ui/facet-menu";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { SearchInput } from "@/components/ui/search-input";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { useRowKeys } from "@/components/ui/use-row-keys";
import { paths } from "@/config/paths";
import { deploymentsQuery } from "@/features/deployments/api/queries";
import { DeploymentTableRow } from "@/features/deployments/components/deployment-row";
import { deploymentsAnswer, filterDeployments, type DeploymentsSearch } from "@/features/deployments/model";
import { useWorkspace } from "@/lib/workspace";

import styles from "./deployments.module.css";

interface DeploymentsPageProps {
  readonly search: DeploymentsSearch;
  readonly onChange: (change: Partial<DeploymentsSearch>) => void;
}

/** What may run, and is it healthy? */
export function DeploymentsPage({ search, onChange }: DeploymentsPageProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const deployments = useQuery(deploymentsQuery(workspace));
  const all = deployments.data?.items ?? [];
  const rows = filterDeployments(all, search);
  const tags = [...new Set(all.flatMap((row) => row.tags))].sort();
  const paused = all.filter((row) => row.paused).length;
  const active = useRowKeys(rows.length, (index) => {
    const row = rows[index];
    if (row !== undefined) void navigate({ to: paths.deployment, params: { workspace, deploymentId: row.id } });
  });

  return (
    <>
      <PageHeader
        title="Deployments"
        answer={
          deployments.isSuccess && all.length > 0 && (
            <>
              <strong>{deploymentsAnswer(all)}</strong>
              {paused > 0 && ` · ${paused} paused`}
            </>
          )
        }
      />
      <div className={styles["tools"]}>
        <SearchInput value={search.q ?? ""} label="Search deployments" onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
        <FacetMenu
          label="Tag"
          options={tags.map((tag) => ({ value: tag, label: tag }))}
          selected={search.tag === undefined ? [] : [search.tag]}
          onChange={(values) => onChange({ tag: values[0] })}
        />
      </div>
      {deployments.isPending && <SkeletonRows rows={8} height={52} label="deployments" />}
      {deployments.isError && (
        <ErrorState error={deployments.error} what="deployments" onRetry={() => void deployments.refetch()} />
      )}
      {deployments.isSuccess && all.length === 0 && (
        <EmptyState
          icon="deployments"
          title="Nothing is deployed yet"
          code={`headway login --url ${window.location.origin} --workspace ${workspace}\nheadway deploy flow.py:main --name nightly --cron '0 6 * * *'`}
        >
          A deployment says where a flow’s code lives, with which parameters it runs, and when. Then it can be started here.
        </EmptyState>
      )}
      {all.length > 0 && rows.length === 0 && (
        <EmptyState icon="filter" title="No deployment matches">
          Clear the search or the tag to see all {all.length}.
        </EmptyState>
      )}
      {rows.length > 0 && (
        <Panel flush>
          <table className={styles["table"]}>
            <thead>
              <tr>
                <th>Deployment</th>
                <th>Recent runs</th>
                <th>Schedule</th>
                <th>Pool</th>
                <th className={styles["number"]}>Success</th>
                <th className={styles["number"]}>Next run</th>
                <th>
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, index) => (
                <DeploymentTableRow key={row.id} row={row} active={index === active} />
              ))}
            </tbody>
          </table>
        </Panel>
      )}
    </>
  );
}
