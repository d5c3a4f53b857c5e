import { getRouteApi } from "@tanstack/react-router";

import { OverviewPage } from "@/features/overview/components/overview-page";
import { withPreset } from "@/lib/time";

const route = getRouteApi("/w/$workspace/");

export function HomePage() {
  const search = withPreset(route.useSearch(), route.useRouteContext().preset);
  const navigate = route.useNavigate();
  return <OverviewPage search={search} onRange={(range) => void navigate({ search: range })} />;
}
