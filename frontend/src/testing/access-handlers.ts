import { http, HttpResponse, type RequestHandler } from "msw";

import type { Assignment, Network, Networks, ObjectRule, RuleKind, SubjectKind } from "@/schema/wire/account";

import { done, drop, gone, roleNameIn, swap } from "./account-handlers";
import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const A = "*/api/v1/account/:account";
const W = "*/api/v1/workspaces/:workspace";
const OWN_ADDRESS = "203.0.113.7";
const NINETY_DAYS = 90 * 86_400_000;

function makeCutOff(): Networks["cut_off"][number] {
  return { id: "k1", name: "ci deploys", prefix: "hw_Ab12", service_account: { id: "s1", name: "ci-deploys" }, workspace: { id: "w1", slug: "acme", name: "Acme data" }, last_used_at: iso(Date.now() - 3_600_000), last_used_from: "198.51.100.20" };
}

/** Who may do what where, what was changed, and what is worth a look. */
export function accessHandlers(world: World): RequestHandler[] {
  const { account } = world;
  const { members, invitations, teams, serviceAccounts, workspaces, assignments, rules, audit } = account;
  const roleName = (grant: { role?: string | null; custom_role_id?: string | null }) => roleNameIn(account, grant);
  let made = 2_000;
  const newId = () => demoId(Date.now(), (made += 1));

  const granted: RequestHandler[] = [
    http.post(`${W}/members`, async ({ params, request }) => {
      const body = (await request.json()) as Record<string, string>;
      const kind = (["member", "team", "service_account"] as const).find((each) => body[`${each}_id`] !== undefined) ?? "member";
      const subject = body[`${kind}_id`] ?? "";
      const person = members.find((each) => each.id === subject);
      const name = kind === "member" ? (person?.user.name ?? "") : ((kind === "team" ? teams : serviceAccounts).find((each) => each.id === subject)?.name ?? "");
      const assignment: Assignment = { id: newId(), kind, subject_id: subject, name, email: person?.user.email ?? null, members: kind === "team" ? 3 : null, user: person?.user ?? null, role: (body["role"] as Assignment["role"] | undefined) ?? null, custom_role_id: body["custom_role_id"] ?? null, role_name: roleName(body), created_at: iso(Date.now()) };
      assignments.push(assignment);
      const place = workspaces.find((each) => each.slug === params["workspace"]);
      const grant = { id: place?.id ?? "", slug: place?.slug ?? "", name: place?.name ?? "", role: assignment.role, role_name: assignment.role_name, custom_role_id: assignment.custom_role_id, assignment_id: assignment.id };
      swap(members, subject, (found) => ({ ...found, workspaces: [...found.workspaces, { ...grant, via: null }] }));
      swap(teams, subject, (found) => ({ ...found, workspaces: [...found.workspaces, grant] }));
      swap(serviceAccounts, subject, (found) => ({ ...found, workspaces: [...found.workspaces, grant] }));
      return HttpResponse.json(assignment, { status: 201 });
    }),
    http.patch(`${W}/members/:id`, async ({ params, request }) => {
      const body = (await request.json()) as { role?: Assignment["role"]; custom_role_id?: string };
      const changed = swap(assignments, params["id"], (found) => ({ ...found, role: body.role ?? null, custom_role_id: body.custom_role_id ?? null, role_name: roleName(body) }));
      if (changed?.id === "ra1") return refusal(409, "last_owner", "A workspace keeps at least one owner. Make somebody else owner first.");
      return changed === undefined ? gone() : HttpResponse.json(changed);
    }),
    http.delete(`${W}/members/:id`, ({ params }) => drop(assignments, params["id"])),
    http.get(`${W}/rules`, ({ request }) => {
      const url = new URL(request.url);
      const id = url.searchParams.get("object_id");
      return page(rules.filter((rule) => id === null || rule.object_id === id), url);
    }),
    http.post(`${W}/rules`, async ({ request }) => {
      const body = (await request.json()) as Record<string, string>;
      const kind: SubjectKind = body["team_id"] !== undefined ? "team" : body["member_id"] !== undefined ? "member" : "service_account";
      const subject = body[`${kind}_id`] ?? "";
      const rule: ObjectRule = { id: newId(), object_kind: (body["object_kind"] ?? "POOL") as RuleKind, object_id: body["object_id"] ?? "", scope: (body["scope"] ?? "runs:write") as ObjectRule["scope"], object_name: null, kind, subject_id: subject, name: teams.find((team) => team.id === subject)?.name ?? "somebody", created_at: iso(Date.now()) };
      rules.push(rule);
      return HttpResponse.json(rule, { status: 201 });
    }),
    http.delete(`${W}/rules/:id`, ({ params }) => drop(rules, params["id"])),
  ];

  const watched: RequestHandler[] = [
    http.get(`${A}/audit/stream`, () => (account.stream === null ? gone() : HttpResponse.json(account.stream))),
    http.put(`${A}/audit/stream`, async ({ request }) => {
      const { url } = (await request.json()) as { url: string };
      if (!url.startsWith("https://")) return refusal(400, "invalid_request", "The address cannot be used.", { url: ["Must begin with https://."] });
      account.stream = { url: `${new URL(url).origin}/…`, state: "ACTIVE", last_error: null, failing_since: null, last_sent_at: null, next_attempt_at: null, pending: 0, lag_seconds: 0 };
      return HttpResponse.json(account.stream);
    }),
    http.delete(`${A}/audit/stream`, () => {
      account.stream = null;
      return done();
    }),
    ...[`${A}/audit`, `${W}/audit`].map((path) =>
      http.get(path, ({ request, params }) => {
        const url = new URL(request.url);
        const get = (name: string) => url.searchParams.get(name);
        const needle = get("q")?.toLowerCase() ?? "";
        const rows = audit.filter(
          (entry) =>
            (params["workspace"] === undefined || entry.workspace?.slug === params["workspace"]) &&
            (get("workspace") === null || entry.workspace?.slug === get("workspace")) &&
            (get("action") === null || entry.action.startsWith(get("action") ?? "")) &&
            (get("actor") === null || entry.actor.id === get("actor")) &&
            (get("object_id") === null || entry.object.id === get("object_id")) &&
            (get("from") === null || Date.parse(entry.occurred_at) >= Date.parse(get("from") ?? "")) &&
            `${entry.object.name} ${entry.actor.name} ${entry.address ?? ""}`.toLowerCase().includes(needle),
        );
        return page(rows, url);
      }),
    ),
    http.get(`${A}/security`, () => {
      const active = members.filter((each) => each.deactivated_at === null);
      const unseen = Date.now() - NINETY_DAYS;
      return HttpResponse.json({
        people: {
          members: active.length,
          owners: active.filter((each) => each.account_role === "OWNER").map((each) => ({ id: each.id, name: each.user.name })),
          without_mfa: active.filter((each) => !each.mfa).length,
          inactive: active.filter((each) => each.last_seen_at === null || Date.parse(each.last_seen_at) < unseen).length,
          deactivated: members.length - active.length,
          invitations: invitations.filter((each) => each.state === "OPEN").length,
        },
        keys: { active: 7, stale: 1, endless: 2, service: 3, orphaned: 1, workspaces: [{ id: "w1", slug: "acme", name: "Acme data", active: 2, stale: 1, endless: 1 }, { id: "w3", slug: "finance", name: "Finance", active: 5, stale: 0, endless: 1 }] },
        sso: { connections: 0, active: 0, required: false },
        require_mfa: world.me.accounts[0]?.require_mfa ?? false,
        allowed_networks: account.networks.length,
        own_address: OWN_ADDRESS,
      });
    }),
    http.patch(`${A}/security`, async ({ request }) => HttpResponse.json(await request.json())),
    http.get(`${A}/allowed-networks`, () => HttpResponse.json({ items: account.networks, own_address: OWN_ADDRESS, cut_off: [] })),
    http.put(`${A}/allowed-networks`, async ({ request }) => {
      const items = (await request.json()) as Network[];
      if (new URL(request.url).searchParams.get("preview") !== "true") account.networks = items;
      const elsewhere = items.length > 0 && !items.some((network) => network.cidr.startsWith("198.51.100."));
      return HttpResponse.json({ items, own_address: OWN_ADDRESS, cut_off: elsewhere ? [makeCutOff()] : [] } satisfies Networks);
    }),
  ];

  return [...granted, ...watched];
}
