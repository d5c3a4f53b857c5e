import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { rootRoute } from "@/app/root-route";
import { paths } from "@/config/paths";

/** Open to everybody: whether the token shows anything is the server's to say. */
export const sharedRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.shared,
  component: lazyRouteComponent(() => import("@/app/routes/shared"), "SharedRoute"),
});
