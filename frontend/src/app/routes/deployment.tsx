import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { WhoMay } from "@/features/account/access/who-may";
import { DeploymentPage } from "@/features/deployments/components/deployment-page";

const route = getRouteApi(paths.deployment);

export function DeploymentRoute() {
  const search = route.useSearch();
  const { deploymentId } = route.useParams();
  const navigate = route.useNavigate();
  return (
    <DeploymentPage
      key={deploymentId}
      deploymentId={deploymentId}
      aside={({ id, name }) => <WhoMay key={id} kind="DEPLOYMENT" id={id} name={name} />}
      search={search}
      onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true })}
    />
  );
}
