import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { RunsPage } from "@/features/runs/components/list/runs-page";

const route = getRouteApi(paths.runs);

export function RunsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <RunsPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change } })} />;
}
