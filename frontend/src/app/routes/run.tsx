import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { RunPage } from "@/features/runs/components/run/run-page";

const route = getRouteApi(paths.run);

export function RunRoute() {
  const search = route.useSearch();
  const { runId } = route.useParams();
  const navigate = route.useNavigate();
  return (
    <RunPage
      key={runId}
      runId={runId}
      search={search}
      onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })}
    />
  );
}
