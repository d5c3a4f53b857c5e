import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { BackfillPage } from "@/features/backfills/components/backfill-page";

const route = getRouteApi(paths.backfill);

export function BackfillRoute() {
  const search = route.useSearch();
  const { backfillId } = route.useParams();
  const navigate = route.useNavigate();
  return <BackfillPage key={backfillId} backfillId={backfillId} search={search} onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true })} />;
}
