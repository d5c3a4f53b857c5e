import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { BackfillsPage } from "@/features/backfills/components/backfills-page";

const route = getRouteApi(paths.backfills);

export function BackfillsRoute() {
  return <BackfillsPage search={route.useSearch()} />;
}
