import { http, HttpResponse, type RequestHandler } from "msw";

import type { ScimSettings } from "@/schema/wire/scim";
import type { SsoConnection, SsoDomain, SsoPerson, SsoPolicy, SsoTest } from "@/schema/wire/sso";

import { done, drop, gone, swap } from "./account-handlers";
import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import { makeConnection, makeDomain } from "./demo/sso";

const A = "*/api/v1/account/:account";
const DAY = 86_400_000;

/** An account that signs in by Okta, tries a second provider, and has its people kept by SCIM. */
export function ssoHandlers(now: number): RequestHandler[] {
  const connections: SsoConnection[] = [
    makeConnection({
      default_grants: [{ workspace_id: "w1", role: null, custom_role_id: "role1" }],
      group_teams: [
        { group: "eng-data", team: "data-eng" },
        { group: "bi", team: "analysts" },
      ],
      people: 2,
      last_used_at: iso(now - 1_400_000),
      tested_at: iso(now - 20 * DAY),
      activated_at: iso(now - 20 * DAY),
    }),
    makeConnection({
      id: "01900000-0000-7000-8000-0000000000a2",
      kind: "SAML",
      name: "Company SAML",
      people: 0,
      tested_at: null,
      activated_at: null,
      last_used_at: null,
      last_error: "The provider’s assertion is not signed.",
      last_error_at: iso(now - 3_600_000),
      certificates: [{ fingerprint: "9f2c41d7".repeat(8), ends_at: iso(now + 200 * DAY) }],
    }),
  ];
  const domains: SsoDomain[] = [
    makeDomain({ domain: "example.com", verified_at: iso(now - 30 * DAY), checked_at: iso(now - 3_600_000) }),
    makeDomain({ id: "01900000-0000-7000-8000-0000000000d2", domain: "data.example.com", verified_at: null, checked_at: null }),
  ];
  const people: SsoPerson[] = [
    { id: demoId(now, 71), user: { id: "u2", name: "Jonas Weber", email: "jonas@example.com" }, subject: "00u1f3a9Kq7ZxT", email: "jonas@example.com", last_signed_in_at: iso(now - 1_400_000), created_at: iso(now - 19 * DAY) },
    { id: demoId(now, 72), user: { id: "u4", name: "Liv Okafor", email: "liv.3@example.com" }, subject: "00u1f3b2Lm4YyP", email: "liv.3@example.com", last_signed_in_at: iso(now - 2 * DAY), created_at: iso(now - 12 * DAY) },
  ];
  const tests = new Map<string, SsoTest>([
    [
      connections[0]?.id ?? "",
      {
        started_at: iso(now - 20 * DAY),
        finished_at: iso(now - 20 * DAY + 9_000),
        result: {
          ok: true,
          code: null,
          message: null,
          details: {},
          asserted: { subject: "00u1f3a9Kq7ZxT", email: "jonas@example.com", email_confirmed: true, name: "Jonas Weber", groups: ["eng-data", "bi", "everyone"], claims: { iss: "https://acme.okta.example", amr: ["pwd", "mfa"], groups: ["eng-data", "bi", "everyone"] } },
          would: { step: "LINK", joins: false, role: null, grants: [], teams_joined: ["data-eng"], teams_left: [], teams_unknown: [], groups_came: true },
        },
      },
    ],
  ]);
  let policy: SsoPolicy = { required: false, active_connections: 1, came_by_provider: false, is_owner: true };
  let scim: ScimSettings = {
    enabled: true,
    base_url: "https://headway.example/scim/v2",
    created_at: iso(now - 18 * DAY),
    last_used_at: iso(now - 240_000),
    tokens: [{ id: demoId(now, 81), prefix: "hws_Ab12", created_at: iso(now - 18 * DAY), created_by: { id: "u1", name: "Ada Brandt" }, last_used_at: iso(now - 240_000) }],
    most_tokens: 2,
    people: 9_412,
    groups: 1,
  };
  const written = (body: object): Partial<SsoConnection> => {
    const { name, joins_new_people, default_role, default_grants, group_teams } = body as Partial<SsoConnection>;
    const given = { name, joins_new_people, default_role, default_grants: default_grants?.map((grant) => ({ workspace_id: grant.workspace_id, role: grant.role ?? null, custom_role_id: grant.custom_role_id ?? null })), group_teams };
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  };
  const change = (id: unknown, changes: Partial<SsoConnection>) => {
    const changed = swap(connections, id, (found) => ({ ...found, ...changes }));
    policy = { ...policy, active_connections: connections.filter((each) => each.activated_at !== null).length };
    return changed === undefined ? gone() : HttpResponse.json(changed);
  };

  return [
    http.get(`${A}/sso-connections`, () => HttpResponse.json({ items: connections })),
    http.post(`${A}/sso-connections`, async ({ request }) => {
      const body = (await request.json()) as { id: string; kind: SsoConnection["kind"] };
      const made = makeConnection({ id: body.id, kind: body.kind, ...written(body), people: 0, tested_at: null, activated_at: null, last_used_at: null });
      connections.push(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(`${A}/sso-connections/:id`, async ({ params, request }) => change(params["id"], written((await request.json()) as object))),
    http.delete(`${A}/sso-connections/:id`, ({ params }) => drop(connections, params["id"])),
    http.get(`${A}/sso-connections/:id/test`, ({ params }) => HttpResponse.json(tests.get(String(params["id"])) ?? { started_at: null, finished_at: null, result: null })),
    http.post(`${A}/sso-connections/:id/test`, ({ params }) => HttpResponse.json({ url: `/account/acc1/sso?tested=${String(params["id"])}` })),
    http.post(`${A}/sso-connections/:id/activation`, ({ params }) => change(params["id"], { activated_at: iso(Date.now()) })),
    http.delete(`${A}/sso-connections/:id/activation`, ({ params }) => change(params["id"], { activated_at: null })),
    http.get(`${A}/sso-connections/:id/people`, ({ params, request }) => page(params["id"] === connections[0]?.id ? people : [], new URL(request.url))),
    http.delete(`${A}/sso-connections/:id/people/:person`, ({ params }) => drop(people, params["person"])),
    http.get(`${A}/sso`, () => HttpResponse.json(policy)),
    http.patch(`${A}/sso`, async ({ request }) => {
      policy = { ...policy, ...((await request.json()) as { required: boolean }) };
      return HttpResponse.json(policy);
    }),
    http.get(`${A}/domains`, () => HttpResponse.json({ items: domains })),
    http.post(`${A}/domains`, async ({ request }) => {
      const { domain } = (await request.json()) as { domain: string };
      const made = makeDomain({ id: demoId(Date.now(), 90), domain, verified_at: null, checked_at: null });
      domains.push(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(`${A}/domains/:id`, async ({ params, request }) => {
      const body = (await request.json()) as Pick<SsoDomain, "connection_id">;
      const changed = swap(domains, params["id"], (found) => ({ ...found, ...body }));
      return changed === undefined ? gone() : HttpResponse.json(changed);
    }),
    http.delete(`${A}/domains/:id`, ({ params }) => drop(domains, params["id"])),
    http.post(`${A}/domains/:id/verification`, ({ params }) => {
      const found = domains.find((each) => each.id === params["id"]);
      if (found === undefined) return gone();
      return found.verified_at === null ? refusal(409, "sso_domain_not_verified", "There is no such TXT record yet. Changes at name servers take a while.") : HttpResponse.json(found);
    }),
    http.get(`${A}/scim`, () => HttpResponse.json(scim)),
    http.post(`${A}/scim`, () => {
      const token = { id: demoId(Date.now(), 82), prefix: "hws_Cd34", created_at: iso(Date.now()), created_by: { id: "u1", name: "Ada Brandt" }, last_used_at: null };
      scim = { ...scim, enabled: true, tokens: [...scim.tokens, token] };
      return HttpResponse.json({ ...token, secret: "hws_Cd34EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLE" }, { status: 201 });
    }),
    http.delete(`${A}/scim/:token`, ({ params }) => {
      scim = { ...scim, tokens: scim.tokens.filter((each) => each.id !== params["token"]) };
      return done();
    }),
    http.post("*/api/v1/sso/discovery", () => HttpResponse.json({ url: null })),
  ];
}
