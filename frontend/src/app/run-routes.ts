import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspaceRoute } from "@/app/workspace-route";
import { approvalsQuery } from "@/features/approvals/api/approvals";
import { parseApprovalsSearch } from "@/features/approvals/model";
import { overviewQuery } from "@/features/overview/api/overview";
import { parseOverviewSearch } from "@/features/overview/model";
import { runQuery, transitionsQuery } from "@/features/runs/api/run";
import { runsQuery } from "@/features/runs/api/runs";
import { parseRunSearch } from "@/features/runs/run-search";
import { parseRunsSearch } from "@/features/runs/runs-search";
import { withPreset } from "@/lib/time";

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

export const runRoutes = [homeRoute, runsRoute, runRoute, approvalsRoute] as const;
