import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { AuditPage } from "@/features/account/audit/audit-page";

const route = getRouteApi(paths.audit);

export function AuditRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return <AuditPage search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })} />;
}
