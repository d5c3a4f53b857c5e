import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { MetricsPage } from "@/features/metrics/components/metrics-page";
import { withPreset } from "@/lib/time";

const route = getRouteApi(paths.metrics);

export function MetricsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const shown = withPreset(search, route.useRouteContext().preset);
  return <MetricsPage search={shown} onChange={(change) => void navigate({ search: { ...search, ...change }, resetScroll: false })} />;
}
