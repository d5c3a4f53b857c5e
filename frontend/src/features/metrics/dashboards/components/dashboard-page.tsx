import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { ErrorState } from "@/components/ui/error-state";
import { paths } from "@/config/paths";
import { dashboardQuery } from "@/features/metrics/dashboards/api";
import type { DashboardSearch } from "@/features/metrics/dashboards/model";
import { useWorkspace } from "@/lib/workspace";

import { DashboardEditor } from "./dashboard-editor";
import { DashboardView } from "./dashboard-view";

export interface DashboardPageProps {
  readonly dashboardId: string;
  readonly search: DashboardSearch;
  readonly onChange: (change: Partial<DashboardSearch>) => void;
  readonly onMade: (id: string) => void;
  readonly onGone: () => void;
}

/** One dashboard: looked at, or edited. */
export function DashboardPage({ dashboardId, search, onChange, onMade, onGone }: DashboardPageProps) {
  const { slug } = useWorkspace();
  const found = useQuery(dashboardQuery(slug, dashboardId));
  return (
    <>
      <nav aria-label="Where you are">
        <Link to={paths.dashboards} params={{ workspace: slug }} className="link">
          Dashboards
        </Link>
      </nav>
      {found.isPending && <Skeleton height={480} role="status" aria-label="Loading the dashboard" />}
      {found.isError && found.data === undefined && <ErrorState error={found.error} what="dashboard" onRetry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (search.edit === true ? (
          <DashboardEditor dashboard={found.data} search={search} onChange={onChange} />
        ) : (
          <DashboardView dashboard={found.data} search={search} onChange={onChange} onMade={onMade} onGone={onGone} />
        ))}
    </>
  );
}
