import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspaceRoute } from "@/app/workspace-route";
import { parseEventsSearch } from "@/features/events/model";
import { parseLogsSearch } from "@/features/logs/model";
import { dashboardQuery, dashboardsQuery } from "@/features/metrics/dashboards/api";
import { parseDashboardSearch } from "@/features/metrics/dashboards/model";
import { parseMetricsSearch } from "@/features/metrics/search";
import { parseQueryLogSearch } from "@/features/query-log/model";
import { parseRefusedSearch } from "@/features/refused/model";
import { resourceQuery, resourcesQuery } from "@/features/world/api/world";
import { kindsAsked, parseResourceSearch, parseWorldSearch } from "@/features/world/model";

const eventsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "events",
  validateSearch: parseEventsSearch,
  component: lazyRouteComponent(() => import("@/app/routes/events"), "EventsRoute"),
});

const logsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "logs",
  validateSearch: parseLogsSearch,
  component: lazyRouteComponent(() => import("@/app/routes/logs"), "LogsRoute"),
});

const refusedRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "refused",
  validateSearch: parseRefusedSearch,
  component: lazyRouteComponent(() => import("@/app/routes/refused"), "RefusedRoute"),
});

const queryLogRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "query-log",
  validateSearch: parseQueryLogSearch,
  component: lazyRouteComponent(() => import("@/app/routes/query-log"), "QueryLogRoute"),
});

const metricsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "metrics",
  validateSearch: parseMetricsSearch,
  component: lazyRouteComponent(() => import("@/app/routes/metrics"), "MetricsRoute"),
});

const dashboardsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "dashboards",
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(dashboardsQuery(params.workspace));
  },
  component: lazyRouteComponent(() => import("@/app/routes/dashboards"), "DashboardsRoute"),
});

const dashboardRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "dashboards/$dashboardId",
  validateSearch: parseDashboardSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(dashboardQuery(params.workspace, params.dashboardId));
  },
  component: lazyRouteComponent(() => import("@/app/routes/dashboard"), "DashboardRoute"),
});

const worldRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "world",
  validateSearch: parseWorldSearch,
  loaderDeps: ({ search: { kind, q } }) => ({ kind, q }),
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(resourcesQuery(params.workspace, { kind: kindsAsked(deps), q: deps.q }));
  },
  component: lazyRouteComponent(() => import("@/app/routes/world"), "WorldRoute"),
});

const worldResourceRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "world/$resourceId",
  validateSearch: parseResourceSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(resourceQuery(params.workspace, params.resourceId));
  },
  component: lazyRouteComponent(() => import("@/app/routes/world-resource"), "WorldResourceRoute"),
});

export const observeRoutes = [eventsRoute, logsRoute, refusedRoute, queryLogRoute, metricsRoute, dashboardsRoute, dashboardRoute, worldRoute, worldResourceRoute] as const;
