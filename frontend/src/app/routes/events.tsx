import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { EventsPage } from "@/features/events/components/events-page";
import { parseEventsSearch } from "@/features/events/model";
import { ViewsMenu } from "@/features/saved-views/components/views-menu";
import { parseSearch } from "@/lib/search-params";
import { withPreset } from "@/lib/time";

const route = getRouteApi(paths.events);
/** What was opened to look at is no part of a view. */
const PASSING = ["event", "about_kind", "about_name", "about_namespace"] as const;

export function EventsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const shown = withPreset(search, route.useRouteContext().preset);
  const views = <ViewsMenu page="EVENTS" search={shown} passing={PASSING} onOpen={(query) => void navigate({ search: parseEventsSearch(parseSearch(query)) })} />;
  return <EventsPage search={shown} views={views} onChange={(change) => void navigate({ search: { ...search, ...change }, resetScroll: false })} />;
}
