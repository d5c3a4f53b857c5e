import { http, HttpResponse, type RequestHandler } from "msw";

import type { Webhook, WebhookPreset } from "@/schema/wire/webhooks";

import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import { ORIGIN } from "./world";

const W = "*/api/v1/workspaces/:workspace";

interface Body {
  readonly name?: string;
  readonly preset?: WebhookPreset;
  readonly secret?: string;
  readonly template?: string;
  readonly topic_arn?: string;
  readonly enabled?: boolean;
}

function makeWebhook(at: number, given: Partial<Webhook>): Webhook {
  return {
    id: demoId(at, 700),
    name: "warehouse repo",
    preset: "GITHUB",
    address: `${ORIGIN}/hooks/hwh_Ab3d…`,
    former_until: null,
    signed: true,
    template: "",
    topic_arn: "",
    header: "",
    enabled: true,
    received_count: 0,
    refused_count: 0,
    last_received_at: null,
    last_refused_at: null,
    created_at: iso(at),
    created_by: null,
    updated_at: iso(at),
    ...given,
  };
}

/** Webhooks, which show a whole address once. */
export function webhookHandlers(): RequestHandler[] {
  const now = Date.now();
  const webhooks = [
    makeWebhook(now - 9_000_000, { received_count: 1_204, last_received_at: iso(now - 60_000), refused_count: 3, last_refused_at: iso(now - 7_200_000) }),
    makeWebhook(now - 8_000_000, { id: demoId(now, 701), name: "orders", preset: "CUSTOM", signed: false, template: '{"name": "order"}' }),
  ];
  const place = (id: unknown) => webhooks.findIndex((each) => each.id === id);
  const gone = () => refusal(404, "not_found", "There is no such webhook.");
  const whole = `${ORIGIN}/hooks/hwh_${"x7Yz".repeat(12)}`;

  return [
    http.get(`${W}/webhooks`, ({ request, params }) => page(params["workspace"] === "fresh" ? [] : webhooks, new URL(request.url))),
    http.post(`${W}/webhooks/preview`, async ({ request }) => {
      const body = (await request.json()) as Body;
      if (body.template?.includes("nobody") === true) {
        return refusal(400, "invalid_request", "The template cannot be used.", { template: ["Line 1: there is no 'nobody' here, only body."] });
      }
      return HttpResponse.json({ events: [{ name: "order.paid", payload: { id: 7 } }], rejected: [] });
    }),
    http.post(`${W}/webhooks`, async ({ request }) => {
      const body = (await request.json()) as Body;
      if (webhooks.some((each) => each.name === body.name)) {
        return refusal(400, "invalid_request", "There is a webhook of this name.", { name: ["Taken by another webhook."] });
      }
      const made = makeWebhook(Date.now(), { id: demoId(now, 710 + webhooks.length), name: body.name ?? "", preset: body.preset ?? "GENERIC", template: body.template ?? "" });
      webhooks.unshift(made);
      const secret = made.preset === "GITHUB" && body.secret === undefined ? "drawn-secret" : null;
      return HttpResponse.json({ ...made, address: whole, secret }, { status: 201 });
    }),
    http.patch(`${W}/webhooks/:id`, async ({ params, request }) => {
      const found = webhooks[place(params["id"])];
      if (found === undefined) return gone();
      const { secret: _unread, ...changes } = (await request.json()) as Body;
      const changed: Webhook = { ...found, ...changes };
      webhooks[place(found.id)] = changed;
      return HttpResponse.json(changed);
    }),
    http.post(`${W}/webhooks/:id/rotation`, ({ params }) => {
      const found = webhooks[place(params["id"])];
      return found === undefined ? gone() : HttpResponse.json({ ...found, address: whole, secret: null });
    }),
    http.delete(`${W}/webhooks/:id`, ({ params }) => {
      if (place(params["id"]) < 0) return gone();
      webhooks.splice(place(params["id"]), 1);
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
