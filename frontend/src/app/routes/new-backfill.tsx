import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { NewBackfillPage } from "@/features/backfills/components/new-backfill-page";
import { deploymentQuery, deploymentsQuery } from "@/features/deployments/api/queries";
import { useWorkspace } from "@/lib/workspace";

const route = getRouteApi(paths.newBackfill);

export function NewBackfillRoute() {
  const { deployment: chosen = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const { slug } = useWorkspace();
  const deployments = useQuery(deploymentsQuery(slug));
  const deployment = useQuery({ ...deploymentQuery(slug, chosen), enabled: chosen !== "" });
  return (
    <NewBackfillPage
      deployments={deployments.data?.items.map((each) => ({ value: each.id, label: `${each.flow.name} / ${each.name}` })) ?? []}
      deployment={deployment.data}
      chosen={chosen}
      onChoose={(next) => void navigate({ search: next === "" ? {} : { deployment: next }, replace: true })}
    />
  );
}
