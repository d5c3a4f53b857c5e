import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { RolesPage } from "@/features/account/roles/roles-page";

const route = getRouteApi(paths.roles);

export function RolesRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <RolesPage search={search} onChange={(change) => void navigate({ search: change, replace: true, resetScroll: false })} />;
}
