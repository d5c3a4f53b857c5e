import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { MyKeysPage } from "@/features/keys/components/my-keys-page";
import { meQuery } from "@/features/session/api/me";

const route = getRouteApi(paths.myKeys);

export function MyKeysRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: me } = useQuery(meQuery);
  const places = (me?.workspaces ?? []).filter((workspace) => workspace.scopes.includes("keys:manage"));
  return <MyKeysPage search={search} places={places} onChange={(change) => void navigate({ search: change, replace: true, resetScroll: false })} />;
}
