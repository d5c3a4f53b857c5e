import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { requireMe, rootRoute } from "@/app/root-route";
import { paths } from "@/config/paths";
import { rememberWorkspace } from "@/features/session/last-workspace";
import { presetFor } from "@/lib/time";
import { madeAt } from "@/lib/units";

export const workspaceRoute = createRoute({
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
