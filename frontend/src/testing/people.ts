import { http, HttpResponse } from "msw";

import { makeMe } from "./demo/world";
import { server } from "./server";
import { ORIGIN } from "./world";

/** How long a test waits for a page that is fetched and drawn for the first time. */
export const PATIENT = { timeout: 10_000 };

const VIEWER = [
  "workspace:read",
  "members:read",
  "flows:read",
  "deployments:read",
  "runs:read",
  "pools:read",
  "telemetry:read",
  "channels:read",
  "automations:read",
  "usage:read",
] as const;

/** From now on, whoever asks may look and change nothing. */
export function asViewer(): void {
  server.use(http.get("*/api/v1/me", () => HttpResponse.json(makeMe(ORIGIN, VIEWER, "VIEWER"))));
}
