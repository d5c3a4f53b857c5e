import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { RefusedPage } from "@/features/refused/components/refused-page";

const route = getRouteApi(paths.refused);

export function RefusedRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <RefusedPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, resetScroll: false })} />;
}
