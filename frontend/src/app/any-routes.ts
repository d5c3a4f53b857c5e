import type { QueryClient } from "@tanstack/react-query";
import { createRoute, redirect } from "@tanstack/react-router";

import { requireMe, rootRoute } from "@/app/root-route";
import { paths } from "@/config/paths";
import { parsePlanSearch } from "@/features/billing/model";
import { homeWorkspace } from "@/features/session/last-workspace";

/** Mails and the way back from paying know no workspace: they lead to the person's own. */
async function toOwn(client: QueryClient, next: string, to: typeof paths.usage | typeof paths.plan, search: Record<string, unknown>) {
  const me = await requireMe(client, next);
  const workspace = homeWorkspace(me);
  const [account] = me.accounts;
  if (workspace === undefined && account === undefined) throw redirect({ to: paths.root });
  if (workspace === undefined) throw redirect({ to: to === paths.usage ? paths.accountUsage : paths.accountPlan, params: { account: account?.id ?? "" }, search, replace: true });
  throw redirect({ to, params: { workspace: workspace.slug }, search, replace: true });
}

export const anyUsageRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.anyUsage,
  beforeLoad: ({ context, location }) => toOwn(context.queryClient, location.href, paths.usage, {}),
});

export const anyPlanRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.anyPlan,
  validateSearch: parsePlanSearch,
  beforeLoad: ({ context, location, search }) => toOwn(context.queryClient, location.href, paths.plan, { ...search }),
});
