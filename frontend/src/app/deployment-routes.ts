import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspaceRoute } from "@/app/workspace-route";
import { parseBackfillSearch, parseBackfillsSearch } from "@/features/backfills/model";
import { parseCalendarSearch } from "@/features/calendar/model";
import { deploymentsQuery, deploymentQuery } from "@/features/deployments/api/queries";
import { parseDeploymentSearch, parseDeploymentsSearch } from "@/features/deployments/model";

const deploymentsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "deployments",
  validateSearch: parseDeploymentsSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(deploymentsQuery(params.workspace));
  },
  component: lazyRouteComponent(() => import("@/app/routes/deployments"), "DeploymentsRoute"),
});

const deploymentRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "deployments/$deploymentId",
  validateSearch: parseDeploymentSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(deploymentQuery(params.workspace, params.deploymentId));
  },
  component: lazyRouteComponent(() => import("@/app/routes/deployment"), "DeploymentRoute"),
});

const calendarRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "calendar",
  validateSearch: parseCalendarSearch,
  component: lazyRouteComponent(() => import("@/app/routes/calendar"), "CalendarRoute"),
});

const backfillsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "backfills",
  validateSearch: parseBackfillsSearch,
  component: lazyRouteComponent(() => import("@/app/routes/backfills"), "BackfillsRoute"),
});

const newBackfillRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "backfills/new",
  validateSearch: parseBackfillsSearch,
  component: lazyRouteComponent(() => import("@/app/routes/new-backfill"), "NewBackfillRoute"),
});

const backfillRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "backfills/$backfillId",
  validateSearch: parseBackfillSearch,
  component: lazyRouteComponent(() => import("@/app/routes/backfill"), "BackfillRoute"),
});

export const deploymentRoutes = [deploymentsRoute, deploymentRoute, calendarRoute, backfillsRoute, newBackfillRoute, backfillRoute] as const;
