import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspaceRoute } from "@/app/workspace-route";
import { parseEventsSearch } from "@/features/events/model";
import { parseMetricsSearch } from "@/features/metrics/search";
import { resourceQuery, resourcesQuery } from "@/features/world/api/world";
import { kindsAsked, parseWorldSearch } from "@/features/world/model";

const eventsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "events",
  validateSearch: parseEventsSearch,
  component: lazyRouteComponent(() => import("@/app/routes/events"), "EventsRoute"),
});

const metricsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "metrics",
  validateSearch: parseMetricsSearch,
  component: lazyRouteComponent(() => import("@/app/routes/metrics"), "MetricsRoute"),
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
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(resourceQuery(params.workspace, params.resourceId));
  },
  component: lazyRouteComponent(() => import("@/app/routes/world-resource"), "WorldResourceRoute"),
});

export const observeRoutes = [eventsRoute, metricsRoute, worldRoute, worldResourceRoute] as const;
