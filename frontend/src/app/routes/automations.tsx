import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { AutomationsPage } from "@/features/automations/components/automations-page";

const route = getRouteApi(paths.automations);

export function AutomationsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <AutomationsPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })} />;
}
