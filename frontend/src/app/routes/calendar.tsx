import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { CalendarPage } from "@/features/calendar/components/calendar-page";
import { deploymentsQuery } from "@/features/deployments/api/queries";
import { useWorkspace } from "@/lib/workspace";

const route = getRouteApi(paths.calendar);

export function CalendarRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { slug } = useWorkspace();
  const deployments = useQuery(deploymentsQuery(slug));
  return (
    <CalendarPage
      search={search}
      onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true })}
      deployments={deployments.data?.items.map((each) => ({ value: each.id, label: `${each.flow.name} / ${each.name}` })) ?? null}
    />
  );
}
