import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { requireMe, rootRoute } from "@/app/root-route";
import { paths } from "@/config/paths";
import { securityQuery } from "@/features/me/api/security";
import { sessionsQuery } from "@/features/me/api/sessions";
import { parseKeysSearch } from "@/features/keys/model";
import { textOf } from "@/lib/search-params";

const meRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.me,
  beforeLoad: async ({ context, location }) => {
    await requireMe(context.queryClient, location.href);
  },
  component: lazyRouteComponent(() => import("@/app/shell/me-shell"), "MeShell"),
});

const keysRoute = createRoute({
  getParentRoute: () => meRoute,
  path: "keys",
  validateSearch: parseKeysSearch,
  component: lazyRouteComponent(() => import("@/app/routes/my-keys"), "MyKeysRoute"),
});

const indexRoute = createRoute({
  getParentRoute: () => meRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: paths.myProfile, replace: true });
  },
});

const profileRoute = createRoute({
  getParentRoute: () => meRoute,
  path: "profile",
  component: lazyRouteComponent(() => import("@/app/routes/me-profile"), "MyProfileRoute"),
});

const securityRoute = createRoute({
  getParentRoute: () => meRoute,
  path: "security",
  validateSearch: (search: Record<string, unknown>): { error?: string | undefined } => ({ error: textOf(search["error"]) }),
  loader: ({ context }) => {
    void context.queryClient.prefetchQuery(securityQuery);
  },
  component: lazyRouteComponent(() => import("@/app/routes/me-security"), "MySecurityRoute"),
});

const sessionsRoute = createRoute({
  getParentRoute: () => meRoute,
  path: "sessions",
  loader: ({ context }) => {
    void context.queryClient.prefetchQuery(sessionsQuery);
  },
  component: lazyRouteComponent(() => import("@/app/routes/me-sessions"), "MySessionsRoute"),
});

export const meTree = meRoute.addChildren([indexRoute, profileRoute, securityRoute, sessionsRoute, keysRoute]);
