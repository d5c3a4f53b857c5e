import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { ResourcePage } from "@/features/world/components/resource-page";

const route = getRouteApi(paths.worldResource);

export function WorldResourceRoute() {
  const { resourceId, workspace } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <ResourcePage
      key={resourceId}
      id={resourceId}
      search={search}
      onSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })}
      onOpen={(id) => void navigate({ to: paths.worldResource, params: { workspace, resourceId: id }, search: {} })}
    />
  );
}
