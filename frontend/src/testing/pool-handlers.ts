import { http, HttpResponse } from "msw";

import type { DepthPoint, Pool, PoolChange, PoolInput, PoolKind, Queue, QueueChange, QueueInput } from "@/schema/wire/pools";

import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";
const ENV = { type: "object", description: "Variables of the environment.", additionalProperties: { type: "string" } } as const;

const KINDS: readonly PoolKind[] = [
  { kind: "PROCESS", label: "Process", description: "Agents of yours execute each run in a process of its own, on their machine.", available: true, simulated: false, schema: { type: "object", properties: { env: ENV }, additionalProperties: false } },
  {
    kind: "DOCKER",
    label: "Docker",
    description: "Agents of yours execute each run in a container of the Docker they reach.",
    available: true,
    simulated: true,
    schema: { type: "object", properties: { image: { type: "string", minLength: 1 }, env: ENV, memory_mb: { type: "integer", minimum: 16 } }, additionalProperties: false },
  },
  { kind: "MANAGED", label: "Managed", description: "Headway itself executes the runs.", available: false, simulated: false, schema: { type: "object", properties: {}, additionalProperties: false } },
];

const STEP_MS = 60_000;

/** An hour of a queue that filled up and emptied again. */
function depthOf(now: number): DepthPoint[] {
  return Array.from({ length: 60 }, (_, index) => ({
    at: iso(now - (60 - index) * STEP_MS),
    waiting: Math.max(0, 12 - Math.abs(index - 30)),
    parked: index > 20 && index < 26 ? 3 : 0,
    running: Math.min(8, index),
    oldest_seconds: Math.max(0, 12 - Math.abs(index - 30)) * 7,
  }));
}

/** Pools, their queues and agents. The image "nothing" is one that only the server refuses. */
export function poolHandlers(world: World) {
  const at = (id: unknown) => world.poolRows.findIndex((pool) => pool.id === id);
  const change = (id: unknown, how: (pool: Pool) => Pool) => {
    const found = world.poolRows[at(id)];
    if (found === undefined) return null;
    const changed = how(found);
    world.poolRows[at(id)] = changed;
    return changed;
  };
  const gone = () => refusal(404, "not_found", "There is no such pool.");
  const drain = (pool: unknown, id: unknown, draining: boolean) => {
    const agents = world.agents[String(pool)] ?? [];
    const index = agents.findIndex((agent) => agent.id === id);
    const found = agents[index];
    if (found === undefined) return gone();
    agents[index] = { ...found, draining };
    return draining ? HttpResponse.json(agents[index]) : new HttpResponse(null, { status: 204 });
  };
  return [
    http.get(`${W}/pool-kinds`, () => HttpResponse.json({ items: KINDS })),
    http.get(`${W}/pools`, ({ request }) => page(world.poolRows, new URL(request.url))),
    http.post(`${W}/pools`, async ({ request }) => {
      const given = (await request.json()) as PoolInput;
      if (given.job_defaults?.["image"] === "nothing") return refusal(400, "invalid_request", "The settings do not fit.", { "job_defaults.image": ["There is no such image."] });
      const [like] = world.poolRows;
      if (like === undefined) return gone();
      const id = demoId(Date.now(), 800 + world.poolRows.length);
      const made: Pool = { ...like, id, name: given.name, kind: given.kind ?? "PROCESS", concurrency_limit: given.concurrency_limit ?? null, job_defaults: given.job_defaults ?? {}, running: 0, queued: 0, agents_online: 0, managed: null, queues: [] };
      world.poolRows.push(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(`${W}/pools/:id`, async ({ params, request }) => {
      const given = (await request.json()) as PoolChange;
      const changed = change(params["id"], (pool) => ({ ...pool, ...given }));
      return changed === null ? gone() : HttpResponse.json(changed);
    }),
    http.get(`${W}/pools/:id/agents`, ({ params }) => HttpResponse.json({ items: world.agents[String(params["id"])] ?? [], next_cursor: null })),
    http.post(`${W}/pools/:id/agents/:agent/drain`, ({ params }) => drain(params["id"], params["agent"], true)),
    http.delete(`${W}/pools/:id/agents/:agent/drain`, ({ params }) => drain(params["id"], params["agent"], false)),
    http.get(`${W}/pools/:id/depth`, ({ params }) => {
      const queues = world.poolRows[at(params["id"])]?.queues ?? [];
      return HttpResponse.json({ step_seconds: 60, queues: queues.map(({ id, name, is_default }) => ({ id, name, points: is_default ? depthOf(Date.now()) : [] })) });
    }),
    http.get(`${W}/pools/:id/queues`, ({ params, request }) => page(world.poolRows[at(params["id"])]?.queues ?? [], new URL(request.url))),
    http.post(`${W}/pools/:id/queues`, async ({ params, request }) => {
      const given = (await request.json()) as QueueInput;
      const made: Queue = { id: demoId(Date.now(), 850), priority: 100, is_default: false, paused: false, concurrency_limit: null, queued: 0, ...given };
      const changed = change(params["id"], (pool) => ({ ...pool, queues: [...pool.queues, made] }));
      return changed === null ? gone() : HttpResponse.json(made, { status: 201 });
    }),
    http.patch(`${W}/pools/:id/queues/:queue`, async ({ params, request }) => {
      const given = (await request.json()) as QueueChange;
      const changed = change(params["id"], (pool) => ({ ...pool, queues: pool.queues.map((queue) => (queue.id === params["queue"] ? { ...queue, ...given } : queue)) }));
      return changed === null ? gone() : HttpResponse.json(changed.queues.find((queue) => queue.id === params["queue"]));
    }),
    http.delete(`${W}/pools/:id/queues/:queue`, ({ params }) => {
      change(params["id"], (pool) => ({ ...pool, queues: pool.queues.filter((queue) => queue.id !== params["queue"]) }));
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
