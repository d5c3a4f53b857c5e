import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { DashboardPage } from "@/features/metrics/dashboards/components/dashboard-page";

const route = getRouteApi(paths.dashboard);

export function DashboardRoute() {
  const search = route.useSearch();
  const { dashboardId, workspace } = route.useParams();
  const navigate = route.useNavigate();
  return (
    <DashboardPage
      key={dashboardId}
      dashboardId={dashboardId}
      search={search}
      onChange={(change) => void navigate({ search: { ...search, ...change }, resetScroll: false })}
      onMade={(made) => void navigate({ to: paths.dashboard, params: { workspace, dashboardId: made }, search: { edit: true } })}
      onGone={() => void navigate({ to: paths.dashboards, params: { workspace } })}
    />
  );
}
