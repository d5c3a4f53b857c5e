import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { UsagePage } from "@/features/billing/components/usage-page";

const route = getRouteApi(paths.accountUsage);

export function AccountUsageRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <UsagePage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true })} />;
}
