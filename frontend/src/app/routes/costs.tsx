import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { CostsPage } from "@/features/costs/components/costs-page";

const route = getRouteApi(paths.costs);

export function CostsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <CostsPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })} />;
}
