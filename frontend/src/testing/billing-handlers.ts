import { http, HttpResponse, type RequestHandler } from "msw";

import { refusal } from "./answers";
import { makePlan, makeUsage } from "./demo/billing";
import type { World } from "./demo/world";

/** Stands for a page elsewhere; a place of this one, so that going there needs no other server. */
function elsewhere(name: string): string {
  return new URL(`#${name}`, window.location.href).href;
}

/** Usage, plan, and the pages of the payment service as addresses. */
export function billingHandlers({ billing }: World): RequestHandler[] {
  const month = (request: Request) => new URL(request.url).searchParams.get("month");
  return [
    http.get("*/api/v1/workspaces/:workspace/usage", ({ request }) => HttpResponse.json(makeUsage(billing, Date.now(), month(request), false))),
    http.get("*/api/v1/account/:id/usage", ({ request }) => HttpResponse.json(makeUsage(billing, Date.now(), month(request), true))),
    http.get("*/api/v1/account/:id/plan", () => HttpResponse.json(makePlan(billing, Date.now()))),
    http.post("*/api/v1/account/:id/checkout", async ({ request }) => {
      const { plan } = (await request.json()) as { plan: string };
      if (billing.standing === "self-hosted") return refusal(409, "billing_is_off", "Nothing is billed here.");
      return HttpResponse.json({ url: elsewhere(`checkout-${plan}`) });
    }),
    http.post("*/api/v1/account/:id/portal", () => {
      if (billing.standing === "self-hosted") return refusal(409, "billing_is_off", "Nothing is billed here.");
      return HttpResponse.json({ url: elsewhere("portal") });
    }),
  ];
}
