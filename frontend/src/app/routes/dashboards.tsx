import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { DashboardsPage } from "@/features/metrics/dashboards/components/dashboards-page";

const route = getRouteApi(paths.dashboards);

export function DashboardsRoute() {
  const navigate = route.useNavigate();
  const { workspace } = route.useParams();
  return (
    <DashboardsPage onMade={(dashboardId, edit) => void navigate({ to: paths.dashboard, params: { workspace, dashboardId }, search: edit ? { edit } : {} })} />
  );
}
