import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { NewAutomationPage } from "@/features/automations/components/new-automation-page";

const route = getRouteApi(paths.newAutomation);

export function NewAutomationRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <NewAutomationPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })} />;
}
