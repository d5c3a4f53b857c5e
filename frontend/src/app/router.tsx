import { createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { accountTree, invitationRoute } from "@/app/account-routes";
import { anyPlanRoute, anyUsageRoute } from "@/app/any-routes";
import { meTree } from "@/app/me-routes";
import { RouteError } from "@/app/error-boundary";
import { PagePending } from "@/app/page-pending";
import { parseSettingsSearch } from "@/app/routes/settings-search";
import { requireMe, rootRoute } from "@/app/root-route";
import { signInRoutes } from "@/app/sign-in-routes";
import { paths } from "@/config/paths";
import { approvalsQuery } from "@/features/approvals/api/approvals";
import { parseApprovalsSearch } from "@/features/approvals/model";
import { automationQuery, automationsQuery } from "@/features/automations/api/automations";
import { parseAutomationSearch, parseAutomationsSearch, parseNewAutomationSearch } from "@/features/automations/model";
import { parseBackfillSearch, parseBackfillsSearch } from "@/features/backfills/model";
import { planQuery, usageQuery } from "@/features/billing/api/billing";
import { parsePlanSearch, parseUsageSearch } from "@/features/billing/model";
import { parseCalendarSearch } from "@/features/calendar/model";
import { deploymentsQuery, deploymentQuery } from "@/features/deployments/api/queries";
import { parseDeploymentSearch, parseDeploymentsSearch } from "@/features/deployments/model";
import { parseEventsSearch } from "@/features/events/model";
import { limitsQuery } from "@/features/limits/api/limits";
import { parseMetricsSearch } from "@/features/metrics/model";
import { overviewQuery } from "@/features/overview/api/overview";
import { parseOverviewSearch } from "@/features/overview/model";
import { parsePoolsSearch } from "@/features/pools/model";
import { poolsQuery } from "@/features/pools/api/pools";
import { runQuery, transitionsQuery } from "@/features/runs/api/run";
import { runsQuery } from "@/features/runs/api/runs";
import { parseRunSearch } from "@/features/runs/run-search";
import { parseRunsSearch } from "@/features/runs/runs-search";
import { meQuery } from "@/features/session/api/me";
import { homeWorkspace, rememberWorkspace } from "@/features/session/last-workspace";
import { resourceQuery, resourcesQuery } from "@/features/world/api/world";
import { kindsAsked, parseWorldSearch } from "@/features/world/model";
import { makeQueryClient } from "@/lib/query-client";
import { parseSearch, stringifySearch } from "@/lib/search-params";
import { presetFor, withPreset } from "@/lib/time";
import { madeAt } from "@/lib/units";

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

const workspaceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.home,
  beforeLoad: async ({ context, params, location }) => {
    const me = await requireMe(context.queryClient, location.href);
    const found = me.workspaces.find((workspace) => workspace.slug === params.workspace);
    if (found !== undefined) rememberWorkspace(found.slug);
    return { preset: presetFor(found === undefined ? null : madeAt(found.id), Date.now()) };
  },
  component: lazyRouteComponent(() => import("@/app/shell/shell"), "Shell"),
});

const homeRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "/",
  validateSearch: parseOverviewSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchQuery(overviewQuery(params.workspace, withPreset(deps, context.preset)));
  },
  component: lazyRouteComponent(() => import("@/app/routes/home"), "HomePage"),
});

const runsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "runs",
  validateSearch: parseRunsSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(runsQuery(params.workspace, withPreset(deps, context.preset)));
  },
  component: lazyRouteComponent(() => import("@/app/routes/runs"), "RunsRoute"),
});

const runRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "runs/$runId",
  validateSearch: parseRunSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(runQuery(params.workspace, params.runId));
    void context.queryClient.prefetchQuery(transitionsQuery(params.workspace, params.runId));
  },
  component: lazyRouteComponent(() => import("@/app/routes/run"), "RunRoute"),
});

const approvalsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "approvals",
  validateSearch: parseApprovalsSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(approvalsQuery(params.workspace, deps));
  },
  component: lazyRouteComponent(() => import("@/app/routes/approvals"), "ApprovalsRoute"),
});

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

const automationsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "automations",
  validateSearch: parseAutomationsSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(automationsQuery(params.workspace));
  },
  component: lazyRouteComponent(() => import("@/app/routes/automations"), "AutomationsRoute"),
});

const newAutomationRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "automations/new",
  validateSearch: parseNewAutomationSearch,
  component: lazyRouteComponent(() => import("@/app/routes/new-automation"), "NewAutomationRoute"),
});

const automationRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "automations/$automationId",
  validateSearch: parseAutomationSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(automationQuery(params.workspace, params.automationId));
  },
  component: lazyRouteComponent(() => import("@/app/routes/automation"), "AutomationRoute"),
});

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

export const routeTree = rootRoute.addChildren([
  indexRoute,
  ...signInRoutes,
  anyUsageRoute,
  anyPlanRoute,
  invitationRoute,
  accountTree,
  meTree,
  workspaceRoute.addChildren([
    homeRoute,
    runsRoute,
    runRoute,
    approvalsRoute,
    deploymentsRoute,
    deploymentRoute,
    calendarRoute,
    backfillsRoute,
    newBackfillRoute,
    backfillRoute,
    eventsRoute,
    metricsRoute,
    worldRoute,
    worldResourceRoute,
    automationsRoute,
    newAutomationRoute,
    automationRoute,
    poolsRoute,
    limitsRoute,
    usageRoute,
    planRoute,
    settingsRoute,
  ]),
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
