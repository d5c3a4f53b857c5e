import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { InvitationsPage } from "@/features/account/invitations/invitations-page";

const route = getRouteApi(paths.invitations);

export function InvitationsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <InvitationsPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })} />;
}
