import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { ApprovalsPage } from "@/features/approvals/components/approvals-page";

const route = getRouteApi(paths.approvals);

export function ApprovalsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <ApprovalsPage search={search} onChange={(next) => void navigate({ search: next, replace: true })} />;
}
