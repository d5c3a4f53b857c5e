import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { RunsPage } from "@/features/runs/components/list/runs-page";
import { parseRunsSearch } from "@/features/runs/runs-search";
import { ViewsMenu } from "@/features/saved-views/components/views-menu";
import { parseSearch } from "@/lib/search-params";
import { withPreset } from "@/lib/time";

const route = getRouteApi(paths.runs);

export function RunsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const shown = withPreset(search, route.useRouteContext().preset);
  const views = <ViewsMenu page="RUNS" search={shown} onOpen={(query) => void navigate({ search: parseRunsSearch(parseSearch(query)) })} />;
  return <RunsPage search={shown} views={views} onChange={(change) => void navigate({ search: { ...search, ...change } })} />;
}
