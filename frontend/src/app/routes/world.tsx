import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { WorldPage } from "@/features/world/components/world-page";

const route = getRouteApi(paths.world);

export function WorldRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <WorldPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: change.focus === undefined, resetScroll: false })} />;
}
