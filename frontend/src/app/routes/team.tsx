import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { TeamPage } from "@/features/account/teams/team-page";

const route = getRouteApi(paths.team);

export function TeamRoute() {
  const { account, team } = route.useParams();
  const navigate = route.useNavigate();
  return <TeamPage key={team} id={team} onDeleted={() => void navigate({ to: paths.teams, params: { account } })} />;
}
