import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { SharedPage } from "@/features/metrics/dashboards/components/shared-page";

const route = getRouteApi(paths.shared);

export function SharedRoute() {
  return <SharedPage token={route.useParams().token} />;
}
