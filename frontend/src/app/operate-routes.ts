import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { parseSettingsSearch } from "@/app/routes/settings-search";
import { workspaceRoute } from "@/app/workspace-route";
import { planQuery, usageQuery } from "@/features/billing/api/billing";
import { parsePlanSearch, parseUsageSearch } from "@/features/billing/model";
import { parseCostsSearch } from "@/features/costs/model";
import { limitsQuery } from "@/features/limits/api/limits";
import { poolsQuery } from "@/features/pools/api/pools";
import { parsePoolsSearch } from "@/features/pools/model";
import { meQuery } from "@/features/session/api/me";

const poolsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "pools",
  validateSearch: parsePoolsSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(poolsQuery(params.workspace));
  },
  component: lazyRouteComponent(() => import("@/app/routes/pools"), "PoolsRoute"),
});

const limitsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "limits",
  loader: ({ context, params }) => {
    void context.queryClient.prefetchInfiniteQuery(limitsQuery(params.workspace));
  },
  component: lazyRouteComponent(() => import("@/app/routes/limits"), "LimitsPage"),
});

const costsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "costs",
  validateSearch: parseCostsSearch,
  component: lazyRouteComponent(() => import("@/app/routes/costs"), "CostsRoute"),
});

const usageRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "usage",
  validateSearch: parseUsageSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(usageQuery(params.workspace));
  },
  component: lazyRouteComponent(() => import("@/app/routes/usage"), "UsageRoute"),
});

const planRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "plan",
  validateSearch: parsePlanSearch,
  loader: async ({ context, params }) => {
    const me = await context.queryClient.ensureQueryData(meQuery);
    const account = me.workspaces.find((each) => each.slug === params.workspace)?.account;
    if (account !== undefined) void context.queryClient.prefetchQuery(planQuery(account.id));
  },
  component: lazyRouteComponent(() => import("@/app/routes/plan"), "PlanRoute"),
});

const settingsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "settings",
  validateSearch: parseSettingsSearch,
  component: lazyRouteComponent(() => import("@/app/routes/settings"), "SettingsRoute"),
});

export const operateRoutes = [poolsRoute, limitsRoute, costsRoute, usageRoute, planRoute, settingsRoute] as const;
