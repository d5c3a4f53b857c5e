import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { MetricsPage } from "@/features/metrics/components/metrics-page";

const route = getRouteApi(paths.metrics);

export function MetricsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <MetricsPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, resetScroll: false })} />;
}
