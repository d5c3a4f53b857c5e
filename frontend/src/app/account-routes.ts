import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { requireMe, rootRoute } from "@/app/root-route";
import { paths } from "@/config/paths";
import { accountQuery, accountWorkspacesQuery } from "@/features/account/api/account";
import { invitationsQuery } from "@/features/account/api/invitations";
import { membersQuery } from "@/features/account/api/members";
import { rolesQuery } from "@/features/account/api/roles";
import { serviceAccountQuery, serviceAccountsQuery } from "@/features/account/api/service-accounts";
import { teamQuery, teamsQuery } from "@/features/account/api/teams";
import { planQuery } from "@/features/billing/api/billing";
import { parsePlanSearch, parseUsageSearch } from "@/features/billing/model";
import { parseAuditSearch, parseInvitationsSearch, parseMembersSearch, parseNameSearch, parseRolesSearch, parseWorkspacesSearch } from "@/features/account/search";
import { textOf } from "@/lib/search-params";

export const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.invitation,
  component: lazyRouteComponent(() => import("@/app/routes/invitation"), "InvitationRoute"),
});

const accountRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.account,
  beforeLoad: async ({ context, params, location }) => {
    await requireMe(context.queryClient, location.href);
    void context.queryClient.prefetchQuery(accountQuery(params.account));
  },
  component: lazyRouteComponent(() => import("@/app/shell/account-shell"), "AccountShell"),
});

const indexRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: paths.members, params: { account: params.account }, replace: true });
  },
});

const generalRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "general",
  component: lazyRouteComponent(() => import("@/app/routes/account-general"), "AccountGeneralRoute"),
});

const workspacesRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "workspaces",
  validateSearch: parseWorkspacesSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(accountWorkspacesQuery(params.account, deps));
  },
  component: lazyRouteComponent(() => import("@/app/routes/account-workspaces"), "AccountWorkspacesRoute"),
});

const membersRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "members",
  validateSearch: parseMembersSearch,
  loaderDeps: ({ search: { member: _, ...filters } }) => filters,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(membersQuery(params.account, deps));
  },
  component: lazyRouteComponent(() => import("@/app/routes/members"), "MembersRoute"),
});

const invitationsRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "invitations",
  validateSearch: parseInvitationsSearch,
  loaderDeps: ({ search: { invite: _, ...filters } }) => filters,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(invitationsQuery(params.account, deps));
  },
  component: lazyRouteComponent(() => import("@/app/routes/invitations"), "InvitationsRoute"),
});

const teamsRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "teams",
  validateSearch: parseNameSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(teamsQuery(params.account, deps.q));
  },
  component: lazyRouteComponent(() => import("@/app/routes/teams"), "TeamsRoute"),
});

const teamRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "teams/$team",
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(teamQuery(params.account, params.team));
  },
  component: lazyRouteComponent(() => import("@/app/routes/team"), "TeamRoute"),
});

const rolesRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "roles",
  validateSearch: parseRolesSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(rolesQuery(params.account));
  },
  component: lazyRouteComponent(() => import("@/app/routes/roles"), "RolesRoute"),
});

const serviceAccountsRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "service-accounts",
  validateSearch: parseNameSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchInfiniteQuery(serviceAccountsQuery(params.account, deps.q));
  },
  component: lazyRouteComponent(() => import("@/app/routes/service-accounts"), "ServiceAccountsRoute"),
});

const serviceAccountRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "service-accounts/$serviceAccount",
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(serviceAccountQuery(params.account, params.serviceAccount));
  },
  component: lazyRouteComponent(() => import("@/app/routes/service-account"), "ServiceAccountRoute"),
});

const auditRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "audit",
  validateSearch: parseAuditSearch,
  component: lazyRouteComponent(() => import("@/app/routes/audit"), "AuditRoute"),
});

const securityRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "security",
  component: lazyRouteComponent(() => import("@/app/routes/security"), "SecurityPage"),
});

const ssoRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "sso",
  validateSearch: (search: Record<string, unknown>) => ({ tested: textOf(search["tested"]) }),
  component: lazyRouteComponent(() => import("@/app/routes/account-sso"), "AccountSsoRoute"),
});

const usageRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "usage",
  validateSearch: parseUsageSearch,
  component: lazyRouteComponent(() => import("@/app/routes/account-usage"), "AccountUsageRoute"),
});

const planRoute = createRoute({
  getParentRoute: () => accountRoute,
  path: "plan",
  validateSearch: parsePlanSearch,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(planQuery(params.account));
  },
  component: lazyRouteComponent(() => import("@/app/routes/account-plan"), "AccountPlanRoute"),
});

export const accountTree = accountRoute.addChildren([
  indexRoute,
  generalRoute,
  workspacesRoute,
  membersRoute,
  invitationsRoute,
  teamsRoute,
  teamRoute,
  rolesRoute,
  serviceAccountsRoute,
  serviceAccountRoute,
  auditRoute,
  securityRoute,
  ssoRoute,
  usageRoute,
  planRoute,
]);
