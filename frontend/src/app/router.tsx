import { createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { accountTree, invitationRoute } from "@/app/account-routes";
import { anyPlanRoute, anyUsageRoute } from "@/app/any-routes";
import { automationRoutes } from "@/app/automation-routes";
import { deploymentRoutes } from "@/app/deployment-routes";
import { RouteError } from "@/app/error-boundary";
import { meTree } from "@/app/me-routes";
import { observeRoutes } from "@/app/observe-routes";
import { operateRoutes } from "@/app/operate-routes";
import { PagePending } from "@/app/page-pending";
import { requireMe, rootRoute } from "@/app/root-route";
import { runRoutes } from "@/app/run-routes";
import { sharedRoute } from "@/app/shared-route";
import { signInRoutes } from "@/app/sign-in-routes";
import { workspaceRoute } from "@/app/workspace-route";
import { paths } from "@/config/paths";
import { homeWorkspace } from "@/features/session/last-workspace";
import { makeQueryClient } from "@/lib/query-client";
import { parseSearch, stringifySearch } from "@/lib/search-params";

export const queryClient = makeQueryClient();

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.root,
  beforeLoad: async ({ context }) => {
    const workspace = homeWorkspace(await requireMe(context.queryClient, "/"));
    if (workspace === undefined) return;
    throw redirect({ to: paths.home, params: { workspace: workspace.slug } });
  },
  component: lazyRouteComponent(() => import("@/app/routes/no-workspace"), "NoWorkspacePage"),
});

export const routeTree = rootRoute.addChildren([
  indexRoute,
  ...signInRoutes,
  anyUsageRoute,
  anyPlanRoute,
  invitationRoute,
  sharedRoute,
  accountTree,
  meTree,
  workspaceRoute.addChildren([...runRoutes, ...deploymentRoutes, ...observeRoutes, ...automationRoutes, ...operateRoutes]),
]);

export const router = createRouter({
  routeTree,
  context: { queryClient },
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultPreloadDelay: 60,
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultErrorComponent: RouteError,
  defaultPendingComponent: PagePending,
  defaultPendingMs: 300,
  defaultNotFoundComponent: lazyRouteComponent(() => import("@/app/routes/not-found"), "NotFoundPage"),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
