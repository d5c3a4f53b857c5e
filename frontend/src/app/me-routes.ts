import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { requireMe, rootRoute } from "@/app/root-route";
import { paths } from "@/config/paths";
import { parseKeysSearch } from "@/features/keys/model";

const meRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.me,
  beforeLoad: async ({ context, location }) => {
    await requireMe(context.queryClient, location.href);
  },
  component: lazyRouteComponent(() => import("@/app/shell/me-shell"), "MeShell"),
});

const keysRoute = createRoute({
  getParentRoute: () => meRoute,
  path: "keys",
  validateSearch: parseKeysSearch,
  component: lazyRouteComponent(() => import("@/app/routes/my-keys"), "MyKeysRoute"),
});

export const meTree = meRoute.addChildren([keysRoute]);
