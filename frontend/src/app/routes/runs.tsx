import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { RunsPage } from "@/features/runs/components/list/runs-page";
import { withPreset } from "@/lib/time";

const route = getRouteApi(paths.runs);

export function RunsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const shown = withPreset(search, route.useRouteContext().preset);
  return <RunsPage search={shown} onChange={(change) => void navigate({ search: { ...search, ...change } })} />;
}
