import { getRouteApi } from "@tanstack/react-router";

import { OverviewPage } from "@/features/overview/components/overview-page";

const route = getRouteApi("/w/$workspace/");

export function HomePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <OverviewPage search={search} onRange={(range) => void navigate({ search: range })} />;
}
