import { http, HttpResponse } from "msw";

import { isFinal } from "@/lib/run-state";
import type { Backfill, BackfillInput, BackfillPart, BackfillPreview } from "@/schema/wire/backfills";
import type { Run } from "@/schema/wire/runs";

import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MOST_PARTS = 10_000;
const ADA = { id: "u1", kind: "user", name: "Ada Brandt" } as const;

interface Known {
  backfill: Backfill;
  readonly keys: readonly string[];
  /** Of the first so many parts. */
  readonly runs: readonly Run[];
}

/** Near enough for a demo: a cron line is a day, a schedule's times too. */
function keysOf({ kind, partitions = [], since, until, interval_seconds }: BackfillInput): string[] {
  if (kind === "PARTITIONS") return [...partitions];
  const step = interval_seconds === undefined ? DAY : interval_seconds * 1_000;
  const [from, to] = [Date.parse(since ?? ""), Date.parse(until ?? "")];
  const count = Math.min(MOST_PARTS, Math.max(0, Math.ceil((to - from) / step)));
  return Array.from({ length: count }, (_, index) => (step < DAY ? iso(from + index * step) : iso(from + index * step).slice(0, 10)));
}

function countsOf(runs: readonly Run[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state_type: type } of runs) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

function demoBackfills(world: World): Known[] {
  const now = Date.now();
  return world.deploymentRows.slice(0, 2).flatMap((deployment, index): Known[] => {
    const isOver = index === 1;
    const since = now - (isOver ? 60 : 30) * DAY;
    const keys = keysOf({ deployment_id: deployment.id, kind: "RANGE", parameter: "day", since: iso(since), until: iso(now) });
    const own = world.runs.filter((run) => run.deployment?.id === deployment.id && (!isOver || isFinal(run.state_type)));
    const runs = own.slice(0, isOver ? keys.length : 18);
    const made = isOver ? keys.slice(0, runs.length) : keys;
    const ended = runs.filter((run) => isFinal(run.state_type)).length;
    return made.length === 0
      ? []
      : [
          {
            keys: made,
            runs,
            backfill: {
              id: demoId(now, 980 + index),
              name: isOver ? "" : "November again",
              kind: "RANGE",
              state: isOver ? "COMPLETED" : "RUNNING",
              flow: deployment.flow,
              deployment: { id: deployment.id, name: deployment.name },
              since: iso(since),
              until: iso(now),
              parameter: "day",
              parameters: isOver ? {} : { limit: 500 },
              concurrency: 2,
              priority: -10,
              parts_total: made.length,
              made: runs.length,
              counts: countsOf(runs),
              progress: ended / made.length,
              seconds_left: isOver ? null : 1_440,
              created_at: iso(now - (isOver ? 9 * DAY : 2 * HOUR)),
              created_by: ADA,
              ended_at: isOver ? iso(now - 8 * DAY) : null,
              may: { "runs:write": true, "runs:cancel": true },
            },
          },
        ];
  });
}

function partOf({ runs }: Known, key: string, position: number): BackfillPart {
  const run = runs[position];
  if (run === undefined) return { key, position, run_id: null, run: null };
  const { id, name, state, state_type, started_at, ended_at, duration_ms } = run;
  return { key, position, run_id: id, run: { id, name, state, state_type, started_at, ended_at, duration_ms } };
}

export function backfillHandlers(world: World) {
  let known: Known[] | null = null;
  const all = () => (known ??= demoBackfills(world));
  const find = (id: unknown) => all().find(({ backfill }) => backfill.id === id);
  const gone = () => refusal(404, "backfill_not_found", "There is no such backfill.");
  /** What a person does to one that goes on. */
  const steer = (id: unknown, change: (backfill: Backfill) => Partial<Backfill>) => {
    const found = find(id);
    if (found === undefined) return gone();
    if (found.backfill.ended_at !== null) return refusal(409, "backfill_over", "The backfill has ended.");
    found.backfill = { ...found.backfill, ...change(found.backfill) };
    return HttpResponse.json(found.backfill);
  };
  return [
    http.get(`${W}/backfills`, ({ request }) => {
      const url = new URL(request.url);
      const only = url.searchParams.get("deployment_id");
      const shown = all().filter(({ backfill }) => only === null || backfill.deployment.id === only);
      return page(
        shown.map(({ backfill: { parameters: _p, seconds_left: _s, ...row } }) => row),
        url,
      );
    }),
    http.post(`${W}/backfills/preview`, async ({ request }) => {
      const keys = keysOf((await request.json()) as BackfillInput);
      if (keys.length === 0) return refusal(400, "invalid_request", "It has no parts.", { since: ["No time is due in this range."] });
      const preview: BackfillPreview = {
        parts: keys.length,
        first: keys.slice(0, 10),
        last: keys.at(-1) ?? "",
        estimate: { seconds_each: 96, seconds_total: keys.length * 48, past_runs: 30, cost: { task_runs: keys.length * 14, vcpu_seconds: null, gb_seconds: null } },
      };
      return HttpResponse.json(preview);
    }),
    http.post(`${W}/backfills`, async ({ request }) => {
      const given = (await request.json()) as BackfillInput;
      const deployment = world.deploymentRows.find((each) => each.id === given.deployment_id);
      if (deployment === undefined) return refusal(404, "deployment_not_found", "There is no such deployment.");
      const [now, keys] = [Date.now(), keysOf(given)];
      const backfill: Backfill = {
        id: demoId(now, 990 + all().length),
        name: given.name ?? "",
        kind: given.kind,
        state: "RUNNING",
        flow: deployment.flow,
        deployment: { id: deployment.id, name: deployment.name },
        since: given.since ?? null,
        until: given.until ?? null,
        parameter: given.parameter,
        parameters: given.parameters ?? {},
        concurrency: given.concurrency ?? 1,
        priority: given.priority ?? 0,
        parts_total: keys.length,
        made: 0,
        counts: {},
        progress: 0,
        seconds_left: null,
        created_at: iso(now),
        created_by: ADA,
        ended_at: null,
        may: { "runs:write": true, "runs:cancel": true },
      };
      all().unshift({ backfill, keys, runs: [] });
      return HttpResponse.json(backfill, { status: 201 });
    }),
    http.get(`${W}/backfills/:id`, ({ params }) => {
      const found = find(params["id"]);
      return found === undefined ? gone() : HttpResponse.json(found.backfill);
    }),
    http.patch(`${W}/backfills/:id`, async ({ params, request }) => {
      const { concurrency } = (await request.json()) as { concurrency: number };
      return steer(params["id"], () => ({ concurrency }));
    }),
    http.get(`${W}/backfills/:id/parts`, ({ params, request }) => {
      const found = find(params["id"]);
      if (found === undefined) return gone();
      const url = new URL(request.url);
      const state = url.searchParams.get("state");
      const parts = found.keys.map((key, position) => partOf(found, key, position));
      return page(
        parts.filter((part) => state === null || (part.run?.state_type ?? "UNMADE") === state),
        url,
      );
    }),
    http.post(`${W}/backfills/:id/pause`, ({ params }) => steer(params["id"], () => ({ state: "PAUSED" }))),
    http.delete(`${W}/backfills/:id/pause`, ({ params }) => steer(params["id"], () => ({ state: "RUNNING" }))),
    http.post(`${W}/backfills/:id/cancellation`, ({ params }) => steer(params["id"], () => ({ state: "CANCELLED", seconds_left: null, ended_at: iso(Date.now()) }))),
  ];
}
