import { http, HttpResponse } from "msw";

import type { Run, RunDetail } from "@/schema/wire/runs";

import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import { detailOf, rowOf } from "./demo/runs";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";

/** A run with what stands around it in the demo. */
export function aroundRun(world: World, run: Run): RunDetail {
  const named = (id: string | null | undefined) => {
    const found = world.runs.find((each) => each.id === id);
    return found === undefined ? null : { id: found.id, name: found.name };
  };
  return detailOf(run, {
    parent: named(run.parent_run_id),
    copied_from: named(run.copied_from_id),
    children: world.runs.filter((each) => each.parent_run_id === run.id).length,
    approvals: world.approvals.filter((each) => each.run.id === run.id),
  });
}

const HELD = { pause: false, suspend: true, resume: true } as const;
const GOING = { pause: true, suspend: true, resume: false } as const;

/** Pausing, suspending, resuming, copying and annotating, as the server does it. */
export function steeringHandlers(world: World) {
  const at = (id: unknown) => world.runs.findIndex((each) => each.id === id);
  const change = (id: unknown, how: (run: Run) => Run | null) => {
    const index = at(id);
    const found = world.runs[index];
    if (found === undefined) return refusal(404, "not_found", "There is no such run.");
    const changed = how(found);
    if (changed === null) return refusal(409, "run_not_steerable", "The run is not in a state for that.");
    world.runs[index] = changed;
    return HttpResponse.json(changed);
  };
  return [
    http.post(`${W}/runs/:id/pause`, ({ params }) =>
      change(params["id"], (run) => (run.state === "RUNNING" ? { ...run, state: "PAUSED", state_type: "PAUSED", may: { ...run.may, ...HELD } } : null)),
    ),
    http.post(`${W}/runs/:id/suspension`, ({ params }) =>
      change(params["id"], (run) => ({ ...run, state: "SUSPENDED", state_type: "PAUSED", agent: null, may: { ...run.may, ...HELD, suspend: false } })),
    ),
    http.post(`${W}/runs/:id/resumption`, ({ params }) =>
      change(params["id"], (run) => ({ ...run, state: run.state === "PAUSED" ? "RUNNING" : "SCHEDULED", state_type: run.state === "PAUSED" ? "RUNNING" : "SCHEDULED", may: { ...run.may, ...GOING } })),
    ),
    http.patch(`${W}/runs/:id`, async ({ params, request }) => {
      const body = (await request.json()) as { note?: string; tags?: string[] };
      return change(params["id"], (run) => ({ ...run, ...body }));
    }),
    http.post(`${W}/runs/:id/copy`, async ({ params, request }) => {
      const like = world.runs[at(params["id"])];
      if (like === undefined) return refusal(404, "not_found", "There is no such run.");
      const body = (await request.json()) as { parameters: Record<string, unknown>; name?: string; tags?: string[]; scheduled_for?: string };
      if (body.parameters["limit"] === 666) return refusal(400, "invalid_request", "The parameters don't fit.", { "parameters.limit": ["That many are not allowed."] });
      const now = Date.now();
      const made: Run = {
        ...like,
        id: demoId(now, 98),
        name: body.name ?? "new-copy",
        state: "SCHEDULED",
        state_type: "SCHEDULED",
        source: "ADHOC",
        parameters: body.parameters,
        tags: body.tags ?? like.tags,
        copied_from_id: like.id,
        created_at: iso(now),
        scheduled_for: body.scheduled_for ?? iso(now),
        started_at: null,
        ended_at: null,
        duration_ms: null,
        task_counts: null,
        error: null,
        cause: null,
        agent: null,
      };
      world.runs.unshift(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.get(`${W}/runs`, ({ request }) => {
      const url = new URL(request.url);
      const parent = url.searchParams.get("parent");
      return parent === null ? undefined : page(world.runs.filter((run) => run.parent_run_id === parent).map(rowOf), url);
    }),
  ];
}
