/** Every address of the app. `$name` marks a parameter. */
export const paths = {
  root: "/",
  login: "/login",
  signup: "/signup",
  forgotPassword: "/reset-password",
  resetPassword: "/reset-password/$key",
  verifyEmail: "/verify-email/$key",
  home: "/w/$workspace",
  runs: "/w/$workspace/runs",
  run: "/w/$workspace/runs/$runId",
  deployments: "/w/$workspace/deployments",
  deployment: "/w/$workspace/deployments/$deploymentId",
  events: "/w/$workspace/events",
  metrics: "/w/$workspace/metrics",
  pools: "/w/$workspace/pools",
  settings: "/w/$workspace/settings",
} as const;
