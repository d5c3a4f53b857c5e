import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { WhoMay } from "@/features/account/access/who-may";
import { PoolsPage } from "@/features/pools/components/pools-page";

const route = getRouteApi(paths.pools);

export function PoolsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <PoolsPage aside={({ id, name }) => <WhoMay key={id} kind="POOL" id={id} name={name} />} search={search} onChange={(next) => void navigate({ search: next, replace: true })} />;
}
