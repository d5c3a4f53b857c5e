import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";

import { paths } from "@/config/paths";
import { PlanPage } from "@/features/billing/components/plan-page";

const route = getRouteApi(paths.accountPlan);

export function AccountPlanRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const settled = useCallback(() => void navigate({ search: {}, replace: true }), [navigate]);
  return <PlanPage search={search} onSettled={settled} />;
}
