import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { LogsPage } from "@/features/logs/components/logs-page";
import { withPreset } from "@/lib/time";

const route = getRouteApi(paths.logs);

export function LogsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const shown = withPreset(search, route.useRouteContext().preset);
  return <LogsPage search={shown} onChange={(change) => void navigate({ search: { ...search, ...change }, resetScroll: false })} />;
}
