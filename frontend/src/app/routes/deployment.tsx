import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { WhoMay } from "@/features/account/access/who-may";
import { DeploymentPage } from "@/features/deployments/components/deployment-page";
import { LevelsTab } from "@/features/levels/components/levels-tab";

const route = getRouteApi(paths.deployment);

export function DeploymentRoute() {
  const search = route.useSearch();
  const { deploymentId } = route.useParams();
  const navigate = route.useNavigate();
  const change = (to: Partial<typeof search>) => void navigate({ search: { ...search, ...to }, replace: true });
  return (
    <DeploymentPage
      key={deploymentId}
      deploymentId={deploymentId}
      aside={({ id, name }) => <WhoMay key={id} kind="DEPLOYMENT" id={id} name={name} />}
      levels={(deployment) => <LevelsTab deployment={deployment} open={search.level} onOpen={(level) => change({ level })} />}
      search={search}
      onChange={change}
    />
  );
}
