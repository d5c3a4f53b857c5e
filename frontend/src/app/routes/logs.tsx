import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { LogsPage } from "@/features/logs/components/logs-page";
import { parseLogsSearch } from "@/features/logs/model";
import { ViewsMenu } from "@/features/saved-views/components/views-menu";
import { parseSearch } from "@/lib/search-params";
import { withPreset } from "@/lib/time";

const route = getRouteApi(paths.logs);
/** What was opened to look at is no part of a view. */
const PASSING = ["line"] as const;

export function LogsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const shown = withPreset(search, route.useRouteContext().preset);
  const views = <ViewsMenu page="LOGS" search={shown} passing={PASSING} onOpen={(query) => void navigate({ search: parseLogsSearch(parseSearch(query)) })} />;
  return <LogsPage search={shown} views={views} onChange={(change) => void navigate({ search: { ...search, ...change }, resetScroll: false })} />;
}
