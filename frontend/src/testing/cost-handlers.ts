import { http, HttpResponse } from "msw";

import type { Budget, BudgetInput, CostGroup, CostRuns, Costs, CostsBy, PastMonth, Price, PriceInput, Rate, RunCost } from "@/schema/wire/costs";

import { refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";
const AT = Date.parse("2026-11-02T08:00:00Z");

const usd = (amount: string, example = "0.000000") => ({ currency: "USD", amount, by_example: example });

function group(key: string, label: string, facts: Partial<CostGroup>): CostGroup {
  return { key, label, id: null, flow_id: null, money: [], quantities: [], unpriced: [], ...facts };
}

function groupsBy(by: CostsBy, world: World): CostGroup[] {
  const deployment = world.runs.find((run) => run.deployment !== null)?.deployment;
  const dear = { money: [usd("38.120400", "12.000000")], quantities: [{ unit: "input_tokens" as const, quantity: "12400000" }, { unit: "output_tokens" as const, quantity: "311000" }] };
  const cheap = { money: [usd("4.000000")], quantities: [{ unit: "bytes" as const, quantity: "703687441776" }], unpriced: [{ subject: "in-house-7b", unit: "input_tokens" as const, quantity: "90000" }] };
  switch (by) {
    case "month":
      return [group("2026-10", "2026-10", cheap), group("2026-11", "2026-11", dear)];
    case "kind":
      return [group("model", "model", dear), group("query", "query", cheap)];
    case "model":
      return [group("model:gpt-4o", "gpt-4o", dear), group("query:bigquery", "bigquery", cheap)];
    case "team":
      return [group("t1", "Data platform", { ...dear, id: demoId(AT, 1) }), group("none", "no team", cheap)];
    default:
      return [group(deployment?.id ?? "d", "summarise/nightly", { ...dear, id: deployment?.id ?? null }), group("f", "by-hand", { ...cheap, flow_id: demoId(AT, 2) })];
  }
}

export const EXAMPLE: Rate = { kind: "model", pattern: "gpt-4o*", unit: "input_tokens", price: "2.5", per: "1000000", currency: "USD", valid_from: "2020-01-01" };

export function costHandlers(world: World) {
  let prices: Price[] = [{ ...EXAMPLE, pattern: "gpt-4o-mini*", price: "0.12", valid_from: "2026-10-01", id: demoId(AT, 700), created_at: iso(AT), updated_at: iso(AT) }];
  const budget = (id: number, name: string, amount: string, spent: string, of: Budget["of"], rest: Partial<Budget> = {}): Budget => ({ id: demoId(AT, id), name, sentence: `When what it costs in a month reaches ${amount} USD, do nothing.`, amount, currency: "USD", of, spent, reached_at: null, paused: false, created_at: iso(AT), ...rest });
  let budgets: Budget[] = [
    budget(710, "models", "50", "42.120400", { kind: "workspace", id: null, name: null }),
    budget(711, "gpt-4o", "30", "38.120400", { kind: "model", id: null, name: "gpt-4o" }, { reached_at: iso(AT) }),
    budget(712, "Data platform", "120", "38.120400", { kind: "team", id: demoId(AT, 1), name: "Data platform" }),
  ];
  let made = 720;
  return [
    http.get(`${W}/costs`, ({ request }) => {
      const query = new URL(request.url).searchParams;
      const by = (query.get("by") ?? "deployment") as CostsBy;
      const groups = groupsBy(by, world);
      const body: Costs = {
        by,
        since: query.get("from") ?? "2026-11-01",
        until: query.get("to") ?? "2026-11-22",
        groups,
        truncated: false,
        total: { money: [usd("42.120400", "12.000000")], quantities: [], unpriced: groups.flatMap((each) => each.unpriced) },
      };
      return HttpResponse.json(body);
    }),
    http.get(`${W}/costs/runs`, ({ request }) => {
      const query = new URL(request.url).searchParams;
      const runs = world.runs.slice(0, 5).map(({ id, name, flow, deployment, state, created_at }, place) => ({ run_id: id, name, flow: flow.name, deployment: deployment?.name ?? null, state, created_at, money: place === 4 ? [] : [{ currency: "USD", amount: (12.5 / (place + 1)).toFixed(6) }] }));
      const body: CostRuns = { since: query.get("from") ?? "2026-11-01", until: query.get("to") ?? "2026-11-22", kept_from: "2026-08-24", total: 212, runs };
      return HttpResponse.json(body);
    }),
    http.get(`${W}/runs/:id/cost`, () => {
      const line = { kind: "model", subject: "gpt-4o", count: 12, price: "2.5", per: "1000000", currency: "USD", is_example: true, is_free: false } as const;
      const body: RunCost = {
        money: [usd("0.081200", "0.081200")],
        unpriced: [{ subject: "in-house-7b", unit: "input_tokens", quantity: "900" }],
        lines: [
          { ...line, unit: "input_tokens", quantity: "32480", amount: "0.081200" },
          { ...line, subject: "in-house-7b", unit: "input_tokens", quantity: "900", amount: null, currency: null, price: null, is_example: false },
          { ...line, kind: "compute", subject: "own pools", unit: "wall_seconds", per: "3600", quantity: "192", amount: null, currency: null, price: null, is_example: false, is_free: true },
        ],
      };
      return HttpResponse.json(body);
    }),
    http.get(`${W}/prices`, () => HttpResponse.json({ items: prices, examples: [EXAMPLE] })),
    http.post(`${W}/prices`, async ({ request }) => {
      const given = (await request.json()) as PriceInput;
      if (given.pattern === "taken") return refusal(409, "price_exists", "There is a price of this pattern, unit and day already: change that one.");
      const price: Price = { ...EXAMPLE, ...given, id: demoId(AT, (made += 1)), created_at: iso(AT), updated_at: iso(AT) };
      prices = [...prices, price];
      return HttpResponse.json(price, { status: 201 });
    }),
    http.patch(`${W}/prices/:id`, async ({ params, request }) => {
      const change = (await request.json()) as Partial<Price>;
      prices = prices.map((each) => (each.id === params["id"] ? { ...each, ...change } : each));
      return HttpResponse.json(prices.find((each) => each.id === params["id"]));
    }),
    http.delete(`${W}/prices/:id`, ({ params }) => {
      prices = prices.filter((each) => each.id !== params["id"]);
      return new HttpResponse(null, { status: 204 });
    }),
    http.get(`${W}/budgets`, () => HttpResponse.json({ items: budgets })),
    http.post(`${W}/budgets`, async ({ request }) => {
      const given = (await request.json()) as BudgetInput;
      const of: Budget["of"] = given.deployment_id ? { kind: "deployment", id: given.deployment_id, name: "summarise/nightly" } : given.team_id ? { kind: "team", id: given.team_id, name: "Data platform" } : given.model ? { kind: "model", id: null, name: given.model } : { kind: "workspace", id: null, name: null };
      if (given.name === "taken") return refusal(400, "invalid_request", "There is an automation of this name.", { name: ["Taken by another one."] });
      const added = budget((made += 1), given.name, given.amount, "0.000000", of);
      budgets = [...budgets, added];
      return HttpResponse.json(added, { status: 201 });
    }),
    http.post(`${W}/budgets/preview`, async ({ request }) => {
      const { amount } = (await request.json()) as BudgetInput;
      const spent = ["31.400000", "47.900000", "52.250000", "42.120400"];
      const months: PastMonth[] = spent.map((each, place) => ({ month: `2026-${String(8 + place).padStart(2, "0")}-01`, spent: each, reached_on: Number(each) >= Number(amount) ? `2026-${String(8 + place).padStart(2, "0")}-19` : null }));
      return HttpResponse.json({ months });
    }),
    http.delete(`${W}/budgets/:id`, ({ params }) => {
      budgets = budgets.filter((each) => each.id !== params["id"]);
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
