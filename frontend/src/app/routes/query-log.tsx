import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { QueryLogPage } from "@/features/query-log/components/query-log-page";

const route = getRouteApi(paths.queryLog);

export function QueryLogRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <QueryLogPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })} />;
}
