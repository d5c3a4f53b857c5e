import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { workspaceRoute } from "@/app/workspace-route";
import { automationQuery, automationsQuery } from "@/features/automations/api/automations";
import { parseAutomationSearch, parseAutomationsSearch, parseNewAutomationSearch } from "@/features/automations/model";

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

export const automationRoutes = [automationsRoute, newAutomationRoute, automationRoute] as const;
