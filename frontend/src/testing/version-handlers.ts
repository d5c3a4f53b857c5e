import { http, HttpResponse } from "msw";

import type { DeploymentVersion } from "@/schema/wire/deployments";

import { page, refusal } from "./answers";
import { iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";
const DAY = 86_400_000;
const ADA = { id: "u1", kind: "user", name: "Ada Brandt" } as const;
const CI = { id: "k2", kind: "api_key", name: "ci deploys" } as const;

function demoVersions(): DeploymentVersion[] {
  const now = Date.now();
  const first = { entrypoint: "flow.py:main", parameters: { limit: 500 }, retries: 0, tags: ["nyc"], overlap: "ALLOW" };
  const second = { ...first, parameters: { limit: 1000, airports: ["EWR", "JFK", "LGA"] }, retries: 2 };
  const none = { of_number: null, current: false };
  return [
    { ...none, number: 3, label: "3f9c2ab", created_at: iso(now - 2 * DAY), created_by: CI, current: true, spec: second, changes: [] },
    { ...none, number: 2, label: "77ab01d", created_at: iso(now - 9 * DAY), created_by: CI, spec: second, changes: ["parameters", "retries"] },
    { ...none, number: 1, label: null, created_at: iso(now - 39 * DAY), created_by: ADA, spec: first, changes: [] },
  ];
}

export function versionHandlers(world: World) {
  const known = new Map<string, DeploymentVersion[]>();
  const of = (id: unknown) => {
    const found = known.get(String(id)) ?? demoVersions();
    known.set(String(id), found);
    return found;
  };
  return [
    http.get(`${W}/deployments/:id/versions`, ({ params, request }) => page(of(params["id"]), new URL(request.url))),
    http.post(`${W}/deployments/:id/rollback`, async ({ params, request }) => {
      const { number } = (await request.json()) as { number: number };
      const versions = of(params["id"]);
      const back = versions.find((each) => each.number === number);
      const index = world.deploymentRows.findIndex((each) => each.id === params["id"]);
      const deployment = world.deploymentRows[index];
      if (back === undefined || deployment === undefined) return refusal(404, "not_found", "There is no such version.");
      const next = (versions[0]?.number ?? 0) + 1;
      const made = { ...back, number: next, of_number: number, current: true, created_at: iso(Date.now()), created_by: ADA, changes: ["parameters", "retries"] };
      known.set(String(params["id"]), [made, ...versions.map((each) => ({ ...each, current: false }))]);
      const changed = { ...deployment, version_number: next };
      world.deploymentRows[index] = changed;
      return HttpResponse.json(changed);
    }),
  ];
}
