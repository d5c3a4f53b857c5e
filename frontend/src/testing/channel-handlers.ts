import { http, HttpResponse, type RequestHandler } from "msw";

import type { Channel, ChannelKind, Outcome } from "@/schema/wire/channels";

import { page, refusal } from "./answers";
import { makeDeliveries, makeDelivery } from "./demo/channels";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";

interface Body {
  readonly name?: string;
  readonly kind?: ChannelKind;
  readonly config?: { readonly to?: readonly string[]; readonly url?: string; readonly secret?: string };
}

/** Channels, which refuse strangers' addresses and private hosts, and show no address again. */
export function channelHandlers(world: World): RequestHandler[] {
  const { channels } = world;
  const gone = () => refusal(404, "not_found", "There is no such channel.");
  const place = (id: unknown) => channels.findIndex((each) => each.id === id);
  const fault = (body: Body, own: string | null) => {
    if (channels.some((each) => each.name === body.name && each.id !== own)) {
      return refusal(400, "invalid_request", "There is a channel of this name.", { name: ["Taken by another channel."] });
    }
    const known = world.account.assignments.flatMap((each) => each.user?.email ?? []);
    const strangers = (body.config?.to ?? []).filter((address) => !known.includes(address));
    if (strangers.length > 0) {
      const said = strangers.map((address) => `${address} is not a confirmed address of a member.`);
      return refusal(400, "invalid_request", "Mail goes to members only.", { "config.to": said });
    }
    if (body.config?.url !== undefined && !body.config.url.startsWith("https://")) {
      return refusal(400, "invalid_request", "The channel's configuration cannot be used.", { "config.url": ["Must begin with https:// or http://."] });
    }
    return null;
  };
  const masked = ({ config }: Body): Channel["config"] =>
    config?.to === undefined ? { url: `${new URL(config?.url ?? "").origin}/…` } : { to: config.to.map((each) => `${each.charAt(0)}…@${each.split("@")[1] ?? ""}`) };

  return [
    http.get(`${W}/channels`, ({ request }) => page(channels, new URL(request.url))),
    http.post(`${W}/channels`, async ({ request }) => {
      const body = (await request.json()) as Body;
      const refused = fault(body, null);
      if (refused !== null) return refused;
      const now = Date.now();
      const made: Channel = { id: demoId(now, 64 + channels.length), name: body.name ?? "", kind: body.kind ?? "EMAIL", config: masked(body), created_at: iso(now), updated_at: iso(now), created_by: null, last_delivery: null };
      channels.unshift(made);
      const secret = made.kind === "WEBHOOK" ? (body.config?.secret ?? `whsec_${"T3st".repeat(10)}`) : null;
      return HttpResponse.json({ ...made, secret }, { status: 201 });
    }),
    http.patch(`${W}/channels/:id`, async ({ params, request }) => {
      const found = channels[place(params["id"])];
      if (found === undefined) return gone();
      const body = (await request.json()) as Body;
      const refused = fault(body, found.id);
      if (refused !== null) return refused;
      const changed = { ...found, name: body.name ?? found.name, config: body.config === undefined ? found.config : masked(body) };
      channels[place(found.id)] = changed;
      return HttpResponse.json(changed);
    }),
    http.delete(`${W}/channels/:id`, ({ params }) => {
      if (place(params["id"]) < 0) return gone();
      channels.splice(place(params["id"]), 1);
      return new HttpResponse(null, { status: 204 });
    }),
    http.get(`${W}/channels/:id/deliveries`, ({ params, request }) => {
      const found = channels[place(params["id"])];
      return found === undefined ? gone() : page(makeDeliveries(found), new URL(request.url));
    }),
    http.post(`${W}/channels/:id/tests`, ({ params }) => {
      const found = channels[place(params["id"])];
      if (found === undefined) return gone();
      const ok = found.kind !== "SLACK";
      const outcome: Outcome = { ok, status: ok ? 200 : 404, error: null, retryable: false, detail: ok ? "" : "no_service", retry_after_seconds: null, duration_ms: 96 };
      channels[place(found.id)] = { ...found, last_delivery: makeDelivery(Date.now(), { purpose: "TEST", source: "test:1", state: ok ? "DELIVERED" : "FAILED", outcome }) };
      return HttpResponse.json(outcome);
    }),
  ];
}
