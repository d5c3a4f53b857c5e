import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { TeamsPage } from "@/features/account/teams/teams-page";

const route = getRouteApi(paths.teams);

export function TeamsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <TeamsPage search={search} onChange={(change) => void navigate({ search: change, replace: true, resetScroll: false })} />;
}
