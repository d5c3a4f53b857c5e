import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { WorkspacesPage } from "@/features/account/workspaces/workspaces-page";

const route = getRouteApi(paths.accountWorkspaces);

export function AccountWorkspacesRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <WorkspacesPage search={search} onChange={(change) => void navigate({ search: change, replace: true, resetScroll: false })} />;
}
