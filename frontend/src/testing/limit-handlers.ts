import { http, HttpResponse } from "msw";

import type { Limit, LimitInput, RunLine, Slot } from "@/schema/wire/limits";
import type { Run } from "@/schema/wire/runs";

import { refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";
const AT = Date.parse("2026-11-02T08:00:00Z");

function limit(number: number, facts: Partial<Limit>): Limit {
  return { id: demoId(AT, number), kind: "TAG", key: "", name: "", slots: 1, per_minute: null, used: 0, waiting: 0, made_by_code: false, created_at: iso(AT), updated_at: iso(AT), ...facts };
}

function demoLimits(): Limit[] {
  return [
    limit(1, { kind: "TAG", key: "warehouse", name: "warehouse", slots: 3, used: 3, waiting: 4 }),
    limit(2, { kind: "NAMED", key: "crm-api", name: "crm-api", slots: 2, used: 1, made_by_code: true }),
    limit(3, { kind: "RATE", key: "geocoder", name: "geocoder", slots: null, per_minute: 120 }),
  ];
}

/** What a run of the demo waits for. */
export function lineOf(run: Run | undefined): RunLine {
  if (run === undefined || run.state_type !== "SCHEDULED") return { ahead: null, reasons: [] };
  const [warehouse] = demoLimits();
  if (run.state === "LATE" && warehouse !== undefined) {
    const taken = { id: warehouse.id, kind: warehouse.kind, key: warehouse.key, slots: 3, used: 3 };
    return { ahead: 2, reasons: [{ kind: "limit", text: "At most 3 of the tag 'warehouse' at once, and 3 are going on.", limit: taken, until: null }] };
  }
  return { ahead: 0, reasons: [{ kind: "in_line", text: "It is next.", limit: null, until: null }] };
}

export function limitHandlers(world: World) {
  let limits = demoLimits();
  return [
    http.get(`${W}/limits`, () => HttpResponse.json({ items: limits, next_cursor: null })),
    http.put(`${W}/limits`, async ({ request }) => {
      const given = (await request.json()) as LimitInput;
      if (given.kind === "TAG" && given.key === "refused") return refusal(400, "invalid_request", "The limit is of nothing that is here.", { key: ["No such tag."] });
      const known = limits.find((each) => each.kind === given.kind && each.key === given.key);
      const much = { slots: given.slots ?? null, per_minute: given.per_minute ?? null };
      const set = known === undefined ? limit(limits.length + 10, { kind: given.kind, key: given.key, name: given.key, ...much }) : { ...known, ...much, made_by_code: false };
      limits = known === undefined ? [...limits, set] : limits.map((each) => (each === known ? set : each));
      return HttpResponse.json(set);
    }),
    http.delete(`${W}/limits/:id`, ({ params }) => {
      limits = limits.filter((each) => each.id !== params["id"]);
      return new HttpResponse(null, { status: 204 });
    }),
    http.get(`${W}/limits/:id/slots`, ({ params }) => {
      const of = limits.find((each) => each.id === params["id"]);
      const items: Slot[] = world.runs.slice(0, of?.used ?? 0).map((run, index) => ({
        id: demoId(AT, 100 + index),
        run: { id: run.id, name: run.name, state: "RUNNING", deployment: run.deployment },
        amount: 1,
        created_at: iso(AT),
        granted_at: iso(AT),
      }));
      return HttpResponse.json({ items, next_cursor: null });
    }),
  ];
}
