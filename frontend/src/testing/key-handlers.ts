import { http, HttpResponse, type RequestHandler } from "msw";

import type { ApiKey } from "@/schema/wire/keys";

import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";

interface Body {
  readonly name: string;
  readonly role?: ApiKey["role"];
  readonly scopes?: readonly string[];
  readonly pool?: string;
  readonly expires_at?: string;
  readonly service_account_id?: string;
}

function isEnded(key: ApiKey): boolean {
  return key.revoked_at !== null || (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now());
}

/** Keys, which show their secret once. */
export function keyHandlers(world: World): RequestHandler[] {
  const { keys } = world;
  const gone = () => refusal(404, "not_found", "There is no such key.");
  const place = (id: unknown) => keys.findIndex((each) => each.id === id);
  let made = 0;
  const secret = () => `hw_${"T3st".repeat(11)}0000`;
  const fits = (key: ApiKey, url: URL) => {
    const [state, owner, service] = ["state", "owner", "service_account"].map((name) => url.searchParams.get(name));
    if (state !== null && (state === "ended") !== isEnded(key)) return false;
    if ((state === "stale" && !key.stale) || (state === "endless" && key.expires_at !== null)) return false;
    if (service !== null && key.service_account?.id !== service) return false;
    return owner === null || (owner === "service") === (key.service_account !== null);
  };
  return [
    http.get(`${W}/api-keys`, ({ request }) => {
      const url = new URL(request.url);
      return page(keys.filter((key) => fits(key, url)), url);
    }),
    http.post(`${W}/api-keys`, async ({ request }) => {
      const body = (await request.json()) as Body;
      const service = world.account.serviceAccounts.find((each) => each.id === body.service_account_id);
      const scopes = body.scopes ?? [];
      const key: ApiKey = { id: demoId(Date.now(), (made += 1)), name: body.name, prefix: "hw_T3st", scopes, effective_scopes: scopes, role: body.role ?? null, pool: body.pool ?? null, created_at: iso(Date.now()), expires_at: body.expires_at ?? null, last_used_at: null, last_used_from: null, revoked_at: null, rotated_to: null, ends_by_rotation_at: null, stale: false, service_account: service === undefined ? null : { id: service.id, name: service.name }, created_by: { id: "u1", name: "Ada Brandt", email: "ada@example.com" } };
      keys.unshift(key);
      return HttpResponse.json({ ...key, secret: secret() }, { status: 201 });
    }),
    http.post(`${W}/api-keys/:id/rotation`, async ({ params, request }) => {
      const { overlap_seconds } = (await request.json()) as { overlap_seconds: number };
      const old = keys[place(params["id"])];
      if (old === undefined) return gone();
      const next: ApiKey = { ...old, id: demoId(Date.now(), (made += 1)), prefix: "hw_N3wk", created_at: iso(Date.now()), last_used_at: null, last_used_from: null, stale: false };
      const end = iso(Date.now() + overlap_seconds * 1000);
      keys[place(old.id)] = { ...old, rotated_to: next.id, ends_by_rotation_at: end, expires_at: end };
      keys.unshift(next);
      return HttpResponse.json({ ...next, secret: secret() }, { status: 201 });
    }),
    http.delete(`${W}/api-keys/:id`, ({ params }) => {
      const key = keys[place(params["id"])];
      if (key === undefined) return gone();
      keys[place(key.id)] = { ...key, revoked_at: iso(Date.now()) };
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
