import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable, type Column } from "@/components/ui/endless-table";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { dashboardsQuery } from "@/features/metrics/dashboards/api";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { DashboardRow } from "@/schema/wire/dashboards";

import { ImportDialog } from "./import-dialog";
import { NewDashboardDialog } from "./new-dashboard-dialog";

interface DashboardsPageProps {
  /** One was made, and (true) is still empty. */
  readonly onMade: (id: string, edit: boolean) => void;
}

/** What do we look at together? */
export function DashboardsPage({ onMade }: DashboardsPageProps) {
  const { slug } = useWorkspace();
  const dashboards = useQuery(dashboardsQuery(slug));
  const denial = useDenial("telemetry:manage");
  const [asking, setAsking] = useState<"new" | "import" | null>(null);
  const rows = dashboards.data?.items ?? [];
  const columns: readonly Column<DashboardRow>[] = [
    {
      key: "name",
      label: "Name",
      width: "minmax(180px, 2fr)",
      cell: (row) => (
        <Link to={paths.dashboard} params={{ workspace: slug, dashboardId: row.id }} className="link">
          {row.name}
        </Link>
      ),
    },
    { key: "panels", label: "Panels", width: "90px", align: "right", cell: (row) => row.panel_count },
    { key: "by", label: "Saved by", width: "minmax(120px, 1fr)", from: "table", cell: (row) => row.updated_by ?? "Headway" },
    { key: "at", label: "Saved", width: "120px", cell: (row) => <RelativeTime at={row.updated_at} /> },
  ];
  return (
    <>
      <PageHeader title="Dashboards" answer={dashboards.isSuccess && <strong>{plural(rows.length, "dashboard")}</strong>}>
        <GuardedButton variant="default" reason={denial} onClick={() => setAsking("import")}>
          Import JSON
        </GuardedButton>
        <GuardedButton reason={denial} leftSection={<Icon name="plus" size={14} />} onClick={() => setAsking("new")}>
          New dashboard
        </GuardedButton>
      </PageHeader>
      {dashboards.isPending && <SkeletonRows rows={5} label="Loading dashboards" />}
      {dashboards.isError && <ErrorState error={dashboards.error} what="dashboards" onRetry={() => void dashboards.refetch()} />}
      {dashboards.isSuccess && rows.length === 0 && (
        <EmptyState icon="dashboards" title="No dashboards">
          Charts, runs, events and notes on one page, for everybody in this workspace. Make one, or bring one in as JSON.
        </EmptyState>
      )}
      {rows.length > 0 && <EndlessTable label="Dashboards" columns={columns} rows={rows} rowKey={(row) => row.id} onOpen={(row) => onMade(row.id, false)} />}
      {asking === "new" && <NewDashboardDialog onMade={(id) => onMade(id, true)} onClose={() => setAsking(null)} />}
      {asking === "import" && <ImportDialog onMade={(id) => onMade(id, false)} onClose={() => setAsking(null)} />}
    </>
  );
}
