import { http, HttpResponse, type RequestHandler } from "msw";

import { refusal } from "./answers";
import { makePlan, makeUsage } from "./demo/billing";
import type { World } from "./demo/world";

/** Stands for a page elsewhere; a place of this one, so that going there needs no other server. */
function elsewhere(name: string, returnTo: string): string {
  return new URL(`#${name}-then-${returnTo}`, window.location.href).href;
}

/** Usage, plan, and the pages of the payment service as addresses. */
export function billingHandlers({ billing }: World): RequestHandler[] {
  const month = (request: Request) => new URL(request.url).searchParams.get("month");
  return [
    http.get("*/api/v1/workspaces/:workspace/usage", ({ request }) => HttpResponse.json(makeUsage(billing, Date.now(), month(request), false))),
    http.get("*/api/v1/account/:id/usage", ({ request }) => HttpResponse.json(makeUsage(billing, Date.now(), month(request), true))),
    http.get("*/api/v1/account/:id/plan", () => HttpResponse.json(makePlan(billing, Date.now()))),
    http.post("*/api/v1/account/:id/checkout", async ({ request }) => {
      const { plan, return_to } = (await request.json()) as { plan: string; return_to: string };
      if (billing.standing === "self-hosted") return refusal(409, "billing_is_off", "Nothing is billed here.");
      return HttpResponse.json({ url: elsewhere(`checkout-${plan}`, return_to) });
    }),
    http.post("*/api/v1/account/:id/portal", async ({ request }) => {
      const { return_to } = (await request.json()) as { return_to: string };
      if (billing.standing === "self-hosted") return refusal(409, "billing_is_off", "Nothing is billed here.");
      return HttpResponse.json({ url: elsewhere("portal", return_to) });
    }),
  ];
}
