import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { AutomationPage } from "@/features/automations/components/automation-page";

const route = getRouteApi(paths.automation);

export function AutomationRoute() {
  const search = route.useSearch();
  const { automationId } = route.useParams();
  const navigate = route.useNavigate();
  return (
    <AutomationPage
      key={automationId}
      automationId={automationId}
      search={search}
      onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })}
    />
  );
}
