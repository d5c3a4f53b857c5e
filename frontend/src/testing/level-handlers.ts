import { http, HttpResponse } from "msw";

import { momentOf, wallOf } from "@/lib/zones";
import type { Breach, Level, LevelChange, LevelInput } from "@/schema/wire/levels";

import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";
const DAY = 86_400_000;
const EVERY_DAY = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"] as const;
const ZONE = "Europe/Berlin";

type Known = { level: Level; breaches: readonly Breach[] };

/** Near enough for a demo: the next such time of any day. */
function dueAfter(time: string, zone: string, after: number): number {
  const on = (at: number) => momentOf(`${wallOf(at, zone).slice(0, 10)}T${time.slice(0, 5)}`, zone) ?? at;
  const today = on(after);
  return today > after ? today : on(after + DAY);
}

function nextOf(level: Level, now: number): string {
  if (level.time_of_day !== null) return iso(dueAfter(level.time_of_day, level.timezone, now) + 5_000);
  return iso(now + (level.kind === "LASTS_AT_MOST" ? 15 : (level.seconds ?? 0)) * 1_000);
}

function demoLevels(world: World, id: string): Known[] {
  const deployment = world.deploymentRows.find((each) => each.id === id);
  if (deployment === undefined) return [];
  const now = Date.now();
  const run = deployment.recent_runs[0];
  const like: Level = {
    id: "",
    flow: deployment.flow,
    deployment: { id: deployment.id, name: deployment.name },
    kind: "FINISH_BY",
    seconds: null,
    time_of_day: null,
    weekdays: [...EVERY_DAY],
    timezone: ZONE,
    paused: false,
    next_check_at: null,
    last_breach: null,
    created_at: iso(now - 30 * DAY),
    may: { "deployments:write": true },
  };
  const breach = (number: number, due: number, late: number, runId: string | null): Breach => ({ id: demoId(due, number), due_at: iso(due), run_id: runId, created_at: iso(due + late) });
  const due = dueAfter("06:30", ZONE, now);
  const kept: readonly (Partial<Level> & { readonly breaches: readonly Breach[] })[] = [
    { time_of_day: "06:30:00", breaches: [1, 4, 9].map((days) => breach(940 + days, due - days * DAY, 5_200, null)) },
    { kind: "LASTS_AT_MOST", seconds: 1_800, breaches: run === undefined ? [] : [breach(960, now - 3 * 3_600_000, 11_400, run.id)] },
    { kind: "SUCCEEDS_WITHIN", seconds: 26 * 3_600, breaches: [] },
    { kind: "START_BY", time_of_day: "22:00:00", paused: true, breaches: [] },
  ];
  return kept.map(({ breaches, ...facts }, index) => {
    const level = { ...like, ...facts, id: demoId(now, 930 + index) };
    return { level: { ...level, next_check_at: level.paused ? null : nextOf(level, now), last_breach: breaches[0] ?? null }, breaches };
  });
}

export function levelHandlers(world: World) {
  const known = new Map<string, Known[]>();
  const of = (id: string) => {
    const found = known.get(id) ?? demoLevels(world, id);
    known.set(id, found);
    return found;
  };
  const find = (id: unknown) => [...known.values()].flat().find((each) => each.level.id === id);
  const gone = () => refusal(404, "service_level_not_found", "There is no such service level.");
  return [
    http.get(`${W}/service-levels`, ({ request }) => {
      const url = new URL(request.url);
      return page(
        of(url.searchParams.get("deployment_id") ?? "").map((each) => each.level),
        url,
      );
    }),
    http.post(`${W}/service-levels`, async ({ request }) => {
      const given = (await request.json()) as LevelInput;
      const deployment = world.deploymentRows.find((each) => each.id === given.deployment_id);
      if (deployment === undefined) return refusal(404, "deployment_not_found", "There is no such deployment.");
      const now = Date.now();
      const all = of(deployment.id);
      const made: Level = {
        id: demoId(now, 970 + all.length),
        flow: deployment.flow,
        deployment: { id: deployment.id, name: deployment.name },
        kind: given.kind,
        seconds: given.seconds ?? null,
        time_of_day: given.time_of_day ?? null,
        weekdays: given.weekdays ?? [...EVERY_DAY],
        timezone: given.timezone ?? "UTC",
        paused: given.paused ?? false,
        next_check_at: null,
        last_breach: null,
        created_at: iso(now),
        may: { "deployments:write": true },
      };
      all.push({ level: { ...made, next_check_at: nextOf(made, now) }, breaches: [] });
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(`${W}/service-levels/:id`, async ({ params, request }) => {
      const found = find(params["id"]);
      if (found === undefined) return gone();
      const level = { ...found.level, ...((await request.json()) as LevelChange) };
      found.level = { ...level, next_check_at: level.paused ? null : nextOf(level, Date.now()) };
      return HttpResponse.json(found.level);
    }),
    http.delete(`${W}/service-levels/:id`, ({ params }) => {
      if (find(params["id"]) === undefined) return gone();
      for (const [id, levels] of known) {
        known.set(
          id,
          levels.filter((each) => each.level.id !== params["id"]),
        );
      }
      return new HttpResponse(null, { status: 204 });
    }),
    http.get(`${W}/service-levels/:id/breaches`, ({ params, request }) => {
      const found = find(params["id"]);
      return found === undefined ? gone() : page(found.breaches, new URL(request.url));
    }),
  ];
}
