import { http, HttpResponse, type RequestHandler } from "msw";

import type { AccountDetail, AccountMember, AccountMemberDetail, GrantInput, Invitation, Named, Role, RoleInput, ServiceAccount, Team } from "@/schema/wire/account";

import { page, refusal } from "./answers";
import type { DemoAccount } from "./demo/account";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const A = "*/api/v1/account/:account";
const W = "*/api/v1/workspaces/:workspace";

export const done = () => new HttpResponse(null, { status: 204 });
export const gone = () => refusal(404, "not_found", "There is no such thing in this account.");

/** A page that says how many there are in all. */
async function counted<T>(items: readonly T[], url: URL) {
  const answer = (await page(items, url).json()) as object;
  return HttpResponse.json({ ...answer, total: items.length });
}

function matching(members: readonly AccountMember[], url: URL): AccountMember[] {
  const get = (name: string) => url.searchParams.get(name);
  const needle = get("q")?.toLowerCase() ?? "";
  const seen = Date.now() - Number(get("unseen_days") ?? 0) * 86_400_000;
  return members.filter(
    (member) =>
      `${member.user.name} ${member.user.email}`.toLowerCase().includes(needle) &&
      (get("role") === null || member.account_role === get("role")) &&
      (get("team") === null || member.teams.some((team) => team.id === get("team"))) &&
      (get("workspace") === null || member.workspaces.some((grant) => grant.slug === get("workspace"))) &&
      (get("state") === null || (member.deactivated_at === null) === (get("state") === "active")) &&
      (get("mfa") === null || String(member.mfa) === get("mfa")) &&
      (get("unseen_days") === null || member.last_seen_at === null || Date.parse(member.last_seen_at) < seen),
  );
}

function detailOf({ detail, members, invitations, teams, workspaces, serviceAccounts, roles }: DemoAccount, mine: World["me"]["accounts"][number]): AccountDetail {
  const deactivated = members.filter((member) => member.deactivated_at !== null).length;
  return {
    ...mine,
    ...detail,
    counts: {
      members: members.length - deactivated,
      deactivated,
      invitations: invitations.filter((each) => each.state === "OPEN").length,
      teams: teams.length,
      workspaces: workspaces.filter((each) => each.archived_at === null).length,
      service_accounts: serviceAccounts.length,
      roles: roles.items.filter((role) => !role.built_in).length,
    },
  };
}

/** What a role is called. */
export function roleNameIn(account: DemoAccount, grant: { role?: string | null; custom_role_id?: string | null }): string {
  return account.roles.items.find((role) => role.key === (grant.custom_role_id ?? grant.role))?.name ?? "Viewer";
}

/** Puts the changed thing in the place of the one with its id. */
export function swap<T extends { readonly id: string }>(list: T[], id: unknown, change: (found: T) => T): T | undefined {
  const index = list.findIndex((each) => each.id === id);
  const found = list[index];
  if (found === undefined) return undefined;
  const changed = change(found);
  list[index] = changed;
  return changed;
}

export function drop<T extends { readonly id: string }>(list: T[], id: unknown) {
  const index = list.findIndex((each) => each.id === id);
  if (index < 0) return gone();
  list.splice(index, 1);
  return done();
}

/** An account with its people, as the contract has it. */
export function accountHandlers(world: World): RequestHandler[] {
  const { account } = world;
  const { members, invitations, teams, teamMembers, serviceAccounts, workspaces } = account;
  const mine = () => world.me.accounts[0] ?? { id: "acc1", name: "Acme", role: "OWNER", scopes: [], archived_at: null, delete_after: null, require_mfa: false, sso_required: false };
  const member = (id: unknown) => members.find((each) => each.id === id);
  const roleName = (grant: { role?: string | null; custom_role_id?: string | null }) => roleNameIn(account, grant);
  let made = 0;
  const newId = () => demoId(Date.now(), (made += 1));

  const people: RequestHandler[] = [
    http.get(A, () => HttpResponse.json(detailOf(account, mine()))),
    http.patch(A, async ({ request }) => {
      const { name } = (await request.json()) as { name: string };
      return HttpResponse.json({ ...detailOf(account, mine()), name });
    }),
    http.post("*/api/v1/accounts", () => HttpResponse.json({ id: "acc2" }, { status: 201 })),
    http.post(`${A}/ownership`, () => HttpResponse.json(detailOf(account, mine()))),
    http.get(`${A}/workspaces`, ({ request }) => {
      const archived = new URL(request.url).searchParams.get("state") === "archived";
      return page(workspaces.filter((each) => (each.archived_at !== null) === archived), new URL(request.url));
    }),
    http.get(`${A}/members`, ({ request }) => counted(matching(members, new URL(request.url)), new URL(request.url))),
    http.get(`${A}/members/:id`, ({ params }) => {
      const found = member(params["id"]);
      if (found === undefined) return gone();
      const self = found.user.id === world.me.actor.id ? ({ code: "last_owner", message: "You are not to shut yourself out: ask another owner." } as const) : true;
      const body: AccountMemberDetail = { ...found, keys: found.id === "m2" ? 2 : 0, may: { change_role: self, deactivate: self, remove: self } };
      return HttpResponse.json(body);
    }),
    http.patch(`${A}/members/:id`, async ({ params, request }) => {
      const body = (await request.json()) as { account_role: AccountMember["account_role"] };
      const changed = swap(members, params["id"], (found) => ({ ...found, ...body }));
      return changed === undefined ? gone() : HttpResponse.json(changed);
    }),
    http.post(`${A}/members/:id/deactivation`, ({ params }) => {
      const changed = swap(members, params["id"], (found) => ({ ...found, deactivated_at: iso(Date.now()) }));
      return changed === undefined ? gone() : HttpResponse.json(changed);
    }),
    http.delete(`${A}/members/:id/deactivation`, ({ params }) => {
      const changed = swap(members, params["id"], (found) => ({ ...found, deactivated_at: null }));
      return changed === undefined ? gone() : HttpResponse.json(changed);
    }),
    http.delete(`${A}/members/:id`, ({ params }) => drop(members, params["id"])),
  ];

  const asked: RequestHandler[] = [
    http.get(`${A}/invitations`, ({ request }) => {
      const url = new URL(request.url);
      const [state, q] = [url.searchParams.get("state"), url.searchParams.get("q") ?? ""];
      return page(invitations.filter((each) => (state === null || each.state === state) && each.email.includes(q)), url);
    }),
    http.post(`${A}/invitations`, async ({ request }) => {
      const body = (await request.json()) as { email: string; account_role: Invitation["account_role"]; grants: GrantInput[]; team_ids: string[] };
      if (members.some((each) => each.user.email === body.email)) return refusal(409, "already_member", `${body.email} is a member already.`);
      const now = Date.now();
      const invitation: Invitation = {
        id: newId(),
        email: body.email,
        account_role: body.account_role,
        grants: body.grants.map((grant) => ({
          workspace_id: grant.workspace_id,
          workspace_name: workspaces.find((each) => each.id === grant.workspace_id)?.name ?? "",
          role: grant.role ?? null,
          custom_role_id: grant.custom_role_id ?? null,
          role_name: roleName(grant),
        })),
        teams: body.team_ids.map((id): Named => ({ id, name: teams.find((team) => team.id === id)?.name ?? "" })),
        state: "OPEN",
        invited_by: { id: "u1", name: "Ada Brandt" },
        created_at: iso(now),
        sent_at: iso(now),
        expires_at: iso(now + 7 * 86_400_000),
        accepted_at: null,
        revoked_at: null,
      };
      invitations.unshift(invitation);
      return HttpResponse.json(invitation, { status: 201 });
    }),
    http.post(`${A}/invitations/:id/sending`, ({ params }) => {
      const changed = swap(invitations, params["id"], (found) => ({ ...found, state: "OPEN" as const, sent_at: iso(Date.now()), expires_at: iso(Date.now() + 7 * 86_400_000) }));
      return changed === undefined ? gone() : HttpResponse.json(changed);
    }),
    http.delete(`${A}/invitations/:id`, ({ params }) => {
      const changed = swap(invitations, params["id"], (found) => ({ ...found, state: "REVOKED" as const, revoked_at: iso(Date.now()) }));
      return changed === undefined ? gone() : done();
    }),
    http.get("*/api/v1/invitations/:token", ({ params }) => {
      if (params["token"] === "expired") return refusal(404, "invitation_not_valid", "This invitation can't be used.");
      return HttpResponse.json({ account: { name: "Acme" }, invited_by: "Ada Brandt", email: "n…w@example.com", expires_at: iso(Date.now() + 5 * 86_400_000), account_role: "MEMBER", workspaces: ["Acme data"], yours: params["token"] !== "foreign" });
    }),
    http.post("*/api/v1/invitations/:token/acceptance", ({ params }) => {
      if (params["token"] === "unconfirmed") return refusal(403, "address_not_confirmed", "Confirm your address first.");
      return HttpResponse.json({ account: { id: "acc1", name: "Acme" }, workspace: "acme" });
    }),
  ];

  const grouped: RequestHandler[] = [
    http.get(`${A}/teams`, ({ request }) => {
      const q = new URL(request.url).searchParams.get("q") ?? "";
      return page(teams.filter((team) => team.name.includes(q)), new URL(request.url));
    }),
    http.post(`${A}/teams`, async ({ request }) => {
      const body = (await request.json()) as { name: string; description: string };
      if (teams.some((team) => team.name === body.name)) return refusal(400, "invalid_request", "There is a team of this name.", { name: ["Taken by another team."] });
      const team: Team = { id: newId(), ...body, members: 0, external_id: "", provided: false, created_at: iso(Date.now()), workspaces: [] };
      teams.push(team);
      teamMembers.set(team.id, new Set());
      return HttpResponse.json(team, { status: 201 });
    }),
    http.get(`${A}/teams/:id`, ({ params }) => {
      const found = teams.find((team) => team.id === params["id"]);
      return found === undefined ? gone() : HttpResponse.json({ ...found, members: teamMembers.get(found.id)?.size ?? 0 });
    }),
    http.patch(`${A}/teams/:id`, async ({ params, request }) => {
      const body = (await request.json()) as Partial<Team>;
      const changed = swap(teams, params["id"], (found) => ({ ...found, ...body }));
      return changed === undefined ? gone() : HttpResponse.json(changed);
    }),
    http.delete(`${A}/teams/:id`, ({ params }) => drop(teams, params["id"])),
    http.get(`${A}/teams/:id/members`, ({ params, request }) => {
      const own = teamMembers.get(String(params["id"])) ?? new Set();
      const rows = members.filter((each) => own.has(each.id)).map(({ id, user, account_role, deactivated_at }) => ({ id, user, account_role, deactivated_at, joined_at: iso(Date.now() - 86_400_000) }));
      return counted(rows, new URL(request.url));
    }),
    http.post(`${A}/teams/:id/members`, async ({ params, request }) => {
      const { member_id } = (await request.json()) as { member_id: string };
      teamMembers.get(String(params["id"]))?.add(member_id);
      const team = teams.find((each) => each.id === params["id"]);
      if (team !== undefined) swap(members, member_id, (found) => ({ ...found, teams: [...found.teams, { id: team.id, name: team.name }] }));
      return HttpResponse.json({}, { status: 201 });
    }),
    http.delete(`${A}/teams/:id/members/:member`, ({ params }) => {
      teamMembers.get(String(params["id"]))?.delete(String(params["member"]));
      swap(members, params["member"], (found) => ({ ...found, teams: found.teams.filter((team) => team.id !== params["id"]) }));
      return done();
    }),
    http.get(`${A}/roles`, () => HttpResponse.json(account.roles)),
    http.post(`${A}/roles`, async ({ request }) => {
      const role = asRole(account, newId(), (await request.json()) as RoleInput, 0);
      account.roles = { ...account.roles, items: [...account.roles.items, role] };
      return HttpResponse.json(role, { status: 201 });
    }),
    http.patch(`${A}/roles/:id`, async ({ params, request }) => {
      const role = asRole(account, String(params["id"]), (await request.json()) as RoleInput, 2);
      account.roles = { ...account.roles, items: account.roles.items.map((each) => (each.id === params["id"] ? role : each)) };
      return HttpResponse.json(role);
    }),
    http.delete(`${A}/roles/:id`, ({ params }) => {
      account.roles = { ...account.roles, items: account.roles.items.filter((each) => each.id !== params["id"]) };
      return done();
    }),
    http.get(`${A}/service-accounts`, ({ request }) => page(serviceAccounts, new URL(request.url))),
    http.post(`${A}/service-accounts`, async ({ request }) => {
      const body = (await request.json()) as { name: string; description: string };
      const service: ServiceAccount = { id: newId(), ...body, created_by: { id: "u1", name: "Ada Brandt" }, created_at: iso(Date.now()), disabled_at: null, last_used_at: null, keys: 0, workspaces: [] };
      serviceAccounts.push(service);
      return HttpResponse.json(service, { status: 201 });
    }),
    http.get(`${A}/service-accounts/:id`, ({ params }) => {
      const found = serviceAccounts.find((each) => each.id === params["id"]);
      return found === undefined ? gone() : HttpResponse.json(found);
    }),
    http.post(`${A}/service-accounts/:id/disablement`, ({ params }) => HttpResponse.json(swap(serviceAccounts, params["id"], (found) => ({ ...found, disabled_at: iso(Date.now()) })))),
    http.delete(`${A}/service-accounts/:id/disablement`, ({ params }) => HttpResponse.json(swap(serviceAccounts, params["id"], (found) => ({ ...found, disabled_at: null })))),
    http.delete(`${A}/service-accounts/:id`, ({ params }) => drop(serviceAccounts, params["id"])),
    http.get(`${A}/service-accounts/:id/keys`, ({ params, request }) =>
      page(world.keys.filter((key) => key.service_account?.id === params["id"]).map((key) => ({ ...key, workspace: { id: "w1", slug: "acme", name: "Acme data" } })), new URL(request.url)),
    ),
    http.get("*/api/v1/me/keys", ({ request }) =>
      page(world.keys.filter((key) => key.service_account === null).map((key) => ({ ...key, workspace: { id: "w1", slug: "acme", name: "Acme data" } })), new URL(request.url)),
    ),
  ];

  const ended: RequestHandler[] = [A, W].flatMap((base) => [
    http.post(`${base}/archival`, () => done()),
    http.delete(`${base}/archival`, () => done()),
    http.get(`${base}/exports`, ({ request, params }) => page(account.exports.get(String(params["account"] ?? params["workspace"])) ?? [], new URL(request.url))),
    http.post(`${base}/exports`, ({ params }) => {
      const now = Date.now();
      const finished = { id: newId(), workspace_id: null, state: "DONE" as const, progress: 1, bytes: 48_211_003, created_at: iso(now), finished_at: iso(now), expires_at: iso(now + 7 * 86_400_000), error: null };
      account.exports.set(String(params["account"] ?? params["workspace"]), [finished]);
      return HttpResponse.json(finished, { status: 201 });
    }),
    http.delete(base, async ({ request }) => {
      const body = (await request.json()) as { name: string; without_export?: boolean };
      return body.without_export === true ? done() : refusal(409, "export_needed", "Export first, or say that none is wanted.");
    }),
  ]);

  return [...people, ...asked, ...grouped, ...ended];
}

function asRole({ roles }: DemoAccount, id: string, body: RoleInput, usedBy: number): Role {
  const base = roles.items.find((role) => role.key === body.based_on)?.scopes ?? [];
  return {
    id,
    key: id,
    name: body.name,
    description: body.description ?? "",
    built_in: false,
    based_on: body.based_on,
    scopes: body.scopes,
    adds: body.scopes.filter((scope) => !base.includes(scope)),
    lacks: base.filter((scope) => !body.scopes.includes(scope)),
    used_by: usedBy,
  };
}
