import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { MembersPage } from "@/features/account/members/members-page";

const route = getRouteApi(paths.members);

export function MembersRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <MembersPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })} />;
}
