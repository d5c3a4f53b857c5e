import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { EventsPage } from "@/features/events/components/events-page";
import { withPreset } from "@/lib/time";

const route = getRouteApi(paths.events);

export function EventsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const shown = withPreset(search, route.useRouteContext().preset);
  return <EventsPage search={shown} onChange={(change) => void navigate({ search: { ...search, ...change }, resetScroll: false })} />;
}
