import { http, sse, type RequestHandler } from "msw";
import { setupWorker } from "msw/browser";

import type { LogLine, Run } from "@/schema/wire/runs";

import { demoId, iso, makeRandom } from "./demo/random";
import { rowOf } from "./demo/runs";
import { makeEvent } from "./demo/telemetry";
import { makeWorld, type World } from "./demo/world";
import { refusal } from "./answers";
import { makeHandlers } from "./handlers";
import { makeMeHandlers } from "./me-handlers";

const STANDINGS = ["well", "warned", "held", "self-hosted"] as const;

/** Answers the API inside the browser, with streams that tell of new runs, lines and events. `?mock=error` breaks it, `?mock=held` is of who used up the plan. */
export async function startMock(): Promise<void> {
  // One world per tab: its ids and times stand when the page is loaded again.
  const born = Number(sessionStorage.getItem("mock-born") ?? Date.now());
  sessionStorage.setItem("mock-born", String(born));
  const world = makeWorld(born, window.location.origin);
  const broken = new URLSearchParams(window.location.search).get("mock") === "error";
  const standing = STANDINGS.find((each) => each === new URLSearchParams(window.location.search).get("mock"));
  if (standing !== undefined) world.billing.standing = standing;
  const failing: RequestHandler[] = broken
    ? ["*/api/v1/workspaces/*", "*/api/v1/account/*"].map((path) => http.all(path, () => refusal(500, "internal", "Something went wrong on our side. Try again in a moment.")))
    : [];
  const worker = setupWorker(...failing, ...streams(world), ...makeMeHandlers({ fresh: true }), ...makeHandlers(world));
  await worker.start({ quiet: true, onUnhandledRequest: "bypass" });
}

function streams(world: World): RequestHandler[] {
  const random = makeRandom(5);
  const base = "*/api/v1/workspaces/:workspace/streams";
  return [
    sse<{ run: unknown }>(`${base}/runs`, ({ client, params }) => {
      if (params["workspace"] === "fresh") return;
      setInterval(() => {
        const like = world.runs[Math.floor(random() * 40)];
        if (like === undefined) return;
        const now = Date.now();
        const made: Run = { ...like, id: demoId(now, Math.floor(random() * 4096)), state: "RUNNING", state_type: "RUNNING", created_at: iso(now), started_at: iso(now), ended_at: null, duration_ms: null };
        world.runs.unshift(made);
        client.send({ event: "run", data: rowOf(made) });
      }, 9_000);
    }),
    sse<{ log: unknown }>(`${base}/runs/:id`, ({ client, params }) => {
      setInterval(() => {
        const now = Date.now();
        const line: LogLine = { id: demoId(now, Math.floor(random() * 4096)), occurred_at: iso(now), run_id: String(params["id"]), task_run_id: null, level: random() < 0.1 ? "WARNING" : "INFO", logger: "headway.flow", message: `loaded ${Math.floor(random() * 9000)} rows` };
        client.send({ event: "log", data: line });
      }, 700);
    }),
    sse<{ event: unknown }>(`${base}/events`, ({ client }) => {
      setInterval(() => {
        const event = makeEvent(Date.now(), Math.floor(random() * 4096), random, world.runs);
        world.events.unshift(event);
        client.send({ event: "event", data: event });
      }, 400);
    }),
  ];
}
