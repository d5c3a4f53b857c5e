import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { rootRoute } from "@/app/root-route";
import { paths } from "@/config/paths";
import { textOf } from "@/lib/search-params";

const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.login,
  validateSearch: (search: Record<string, unknown>): { next?: string | undefined; error?: string | undefined } => ({
    next: textOf(search["next"]),
    error: textOf(search["error"]),
  }),
  component: lazyRouteComponent(() => import("@/app/routes/login"), "LoginPage"),
});

const signupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.signup,
  validateSearch: (search: Record<string, unknown>): { next?: string | undefined } => ({ next: textOf(search["next"]) }),
  component: lazyRouteComponent(() => import("@/app/routes/signup"), "SignupPage"),
});

const forgotRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.forgotPassword,
  component: lazyRouteComponent(() => import("@/app/routes/forgot-password"), "ForgotPasswordPage"),
});

const resetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.resetPassword,
  component: lazyRouteComponent(() => import("@/app/routes/reset-password"), "ResetPasswordPage"),
});

const ssoErrorRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.ssoError,
  validateSearch: (search: Record<string, unknown>) => ({
    code: textOf(search["code"]),
    reason: textOf(search["reason"]),
    connection: textOf(search["connection"]),
  }),
  component: lazyRouteComponent(() => import("@/app/routes/sso-error"), "SsoErrorPage"),
});

const verifyRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: paths.verifyEmail,
  component: lazyRouteComponent(() => import("@/app/routes/verify-email"), "VerifyEmailPage"),
});

/** What is open to who is not signed in. */
export const signInRoutes = [loginRoute, signupRoute, forgotRoute, resetRoute, verifyRoute, ssoErrorRoute] as const;
