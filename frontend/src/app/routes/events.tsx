import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { EventsPage } from "@/features/events/components/events-page";

const route = getRouteApi(paths.events);

export function EventsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <EventsPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, resetScroll: false })} />;
}
