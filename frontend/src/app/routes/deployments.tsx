import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { DeploymentsPage } from "@/features/deployments/components/deployments-page";

const route = getRouteApi(paths.deployments);

export function DeploymentsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <DeploymentsPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true })} />;
}
