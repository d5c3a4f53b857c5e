import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { ServiceAccountsPage } from "@/features/account/service-accounts/service-accounts-page";

const route = getRouteApi(paths.serviceAccounts);

export function ServiceAccountsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <ServiceAccountsPage search={search} onChange={(change) => void navigate({ search: change, replace: true, resetScroll: false })} />;
}
