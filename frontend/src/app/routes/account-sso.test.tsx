import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { ScimSettings } from "@/schema/wire/scim";
import type { SsoConnection, SsoDomain, SsoPolicy, SsoTest } from "@/schema/wire/sso";
import { makeConnection, makeDomain } from "@/testing/demo/sso";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

const A = "*/api/v1/account/acc1";
const SCIM: ScimSettings = { enabled: false, base_url: "https://headway.example/scim/v2", created_at: null, last_used_at: null, tokens: [], most_tokens: 2, people: 0, groups: 0 };
const NEVER: SsoTest = { started_at: null, finished_at: null, result: null };

interface State {
  connections: SsoConnection[];
  domains: SsoDomain[];
  policy: SsoPolicy;
  test: SsoTest;
}

/** The page over a server that remembers what it was told. */
function open(given: Partial<State> = {}, tested?: string) {
  const state: State = {
    connections: [makeConnection()],
    domains: [makeDomain()],
    policy: { required: false, active_connections: 1, came_by_provider: false, is_owner: true },
    test: NEVER,
    ...given,
  };
  const sent: { method: string; path: string; body: unknown }[] = [];
  const note = async (request: Request) => {
    const text = await request.text();
    const body: unknown = text === "" ? null : JSON.parse(text);
    sent.push({ method: request.method, path: new URL(request.url).pathname.replace(/^.*\/acc1\//, ""), body });
    return body;
  };
  server.use(
    http.get(`${A}/sso-connections`, () => HttpResponse.json({ items: state.connections })),
    http.get(`${A}/domains`, () => HttpResponse.json({ items: state.domains })),
    http.get(`${A}/scim`, () => HttpResponse.json(SCIM)),
    http.get(`${A}/sso`, () => HttpResponse.json(state.policy)),
    http.get(`${A}/sso-connections/:id/test`, () => HttpResponse.json(state.test)),
    http.post(`${A}/sso-connections`, async ({ request }) => {
      await note(request);
      state.connections = [...state.connections, makeConnection({ id: "new", name: "Company login", tested_at: null, activated_at: null })];
      return HttpResponse.json(state.connections.at(-1), { status: 201 });
    }),
    http.post(`${A}/sso-connections/:id/activation`, async ({ request }) => {
      await note(request);
      state.connections = state.connections.map((each) => ({ ...each, activated_at: each.tested_at }));
      return HttpResponse.json(state.connections[0]);
    }),
    http.patch(`${A}/sso`, async ({ request }) => {
      await note(request);
      state.policy = { ...state.policy, required: true };
      return HttpResponse.json(state.policy);
    }),
    http.post(`${A}/domains`, async ({ request }) => {
      const { domain } = (await note(request)) as { domain: string };
      state.domains = [...state.domains, makeDomain({ id: "d2", domain, verified_at: null })];
      return HttpResponse.json(state.domains.at(-1), { status: 201 });
    }),
    http.post(`${A}/domains/d2/verification`, () => HttpResponse.json({ error: { code: "sso_domain_not_verified", message: "There is such a record, but with another value.", details: { found: ["headway-verification=old"] }, fields: null, retryable: false, request_id: "req_1" } }, { status: 409 })),
  );
  const { user } = visit(`/account/acc1/sso${tested === undefined ? "" : `?tested=${tested}`}`);
  return { user, sent };
}

describe("domains", () => {
  it("shows the record to enter, and what was found instead of it", async () => {
    const { user } = open();

    await user.type(await screen.findByLabelText("Add a domain", {}, PATIENT), "data.example");
    await user.click(screen.getByRole("button", { name: "Add domain" }));
    const record = await screen.findByRole("group", { name: "TXT record of data.example" }, PATIENT);
    expect(record).toHaveTextContent("headway-verification=8kq2");
    const item = screen.getByText("data.example", { selector: "span" }).closest("li");
    if (item === null) throw new Error("no item");
    await user.click(within(item).getByRole("button", { name: "Check" }));

    expect(await within(item).findByRole("alert")).toHaveTextContent("another value. Found: headway-verification=old");
  });
});

describe("connections", () => {
  it("tells our addresses before there is a connection, and saves it under them", async () => {
    const { user, sent } = open({ connections: [] });

    await user.click(await screen.findByRole("button", { name: "Add OpenID Connect" }, PATIENT));
    const editor = await screen.findByRole("dialog", { name: "New OpenID Connect connection" });
    const ours = within(editor).getByRole("group", { name: "Enter this at the provider" });
    const [, id] = /\/sso\/([0-9a-f-]{36})\/callback/.exec(ours.textContent) ?? [];
    expect(within(editor).getByRole("button", { name: "Save connection" })).toHaveAccessibleDescription(/issuer/);
    await user.type(within(editor).getByLabelText("Issuer"), "https://login.example");
    await user.type(within(editor).getByLabelText("Client id"), "headway");
    await user.type(within(editor).getByLabelText("Client secret"), "s3cret");
    await user.click(within(editor).getByRole("button", { name: "Save connection" }));

    expect(await screen.findByRole("listitem", { name: "Company login" }, PATIENT)).toHaveTextContent("Test it before it is activated");
    expect(sent[0]?.body).toMatchObject({ id, kind: "OIDC", client_secret: "s3cret", settings: { issuer: "https://login.example" } });
  });

  it("activates nothing that was not tested", async () => {
    const { user, sent } = open({ connections: [makeConnection({ tested_at: null, activated_at: null })] });

    const activate = await screen.findByRole("button", { name: "Activate" }, PATIENT);
    expect(activate).toHaveAccessibleDescription("Make a test sign-in with these settings first.");
    await user.click(activate);

    expect(sent).toEqual([]);
  });

  it("shows what came back from a test, and activates", async () => {
    const connection = makeConnection({ activated_at: null });
    const test: SsoTest = {
      started_at: "2026-11-20T08:00:00Z",
      finished_at: "2026-11-20T08:00:10Z",
      result: {
        ok: true,
        code: null,
        message: null,
        details: {},
        asserted: { subject: "00u1", email: "dana@acme.example", email_confirmed: true, name: "Dana", groups: ["eng"], claims: { iss: "https://acme.okta.example", amr: ["pwd", "mfa"] } },
        would: { step: "CREATE", joins: true, role: "MEMBER", grants: [], teams_joined: ["Data"], teams_left: [], teams_unknown: [], groups_came: true },
      },
    };
    const { user } = open({ connections: [connection], test }, connection.id);

    const last = await screen.findByRole("region", { name: "Last test" }, PATIENT);
    expect(await within(last).findByRole("status")).toHaveTextContent("Would be let in");
    expect(within(last).getByRole("list", { name: "What would happen" })).toHaveTextContent("a login without a password would be made");
    expect(within(last).getByRole("row", { name: 'amr ["pwd","mfa"]' })).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Activate" }));

    expect(await screen.findByRole("button", { name: "Deactivate" }, PATIENT)).toBeVisible();
  });

  it("shows why a test was refused", async () => {
    const connection = makeConnection({ tested_at: null, activated_at: null });
    const test: SsoTest = { started_at: "2026-11-20T08:00:00Z", finished_at: "2026-11-20T08:00:10Z", result: { ok: false, code: "sso_answer_not_valid", message: "The provider’s assertion is not signed.", details: { reason: "not_signed" }, asserted: null, would: null } };
    open({ connections: [connection], test }, connection.id);

    expect(await within(await screen.findByRole("region", { name: "Last test" }, PATIENT)).findByRole("status")).toHaveTextContent("RefusedThe provider’s assertion is not signed. sso_answer_not_valid not_signed");
  });
});

describe("what newcomers get", () => {
  it("is chosen from what there is: teams for groups, roles of the account's own too", async () => {
    const { user, sent } = open({ connections: [makeConnection({ group_teams: [{ group: "bi", team: "ANALYSTS" }] })] });
    server.use(
      http.patch(`${A}/sso-connections/:id`, async ({ request }) => {
        sent.push({ method: "PATCH", path: "sso-connections", body: await request.json() });
        return HttpResponse.json(makeConnection());
      }),
    );

    await user.click(await screen.findByRole("button", { name: "More about Okta" }, PATIENT));
    await user.click(await screen.findByRole("menuitem", { name: "Edit" }, PATIENT));
    const editor = await screen.findByRole("dialog", { name: "Okta" });
    await waitFor(() => expect(within(editor).getByRole("combobox", { name: "Team 1" })).toHaveValue("analysts"), PATIENT);
    await user.click(within(editor).getByRole("button", { name: "Map a group" }));
    await user.type(within(editor).getByRole("combobox", { name: "Group 2" }), "eng");
    expect(within(editor).getByRole("button", { name: "Save connection" })).toHaveAccessibleDescription(/a group without a team/);
    await user.click(within(editor).getByRole("combobox", { name: "Team 2" }));
    expect(await screen.findByRole("option", { name: "on-call · kept by SCIM" }, PATIENT)).toHaveAttribute("data-combobox-disabled", "true");
    await user.click(screen.getByRole("option", { name: "data-eng" }));
    await user.click(within(editor).getByRole("button", { name: "Add a workspace" }));
    await user.click(within(editor).getByRole("combobox", { name: "Role in workspace 1" }));
    await user.click(await screen.findByRole("option", { name: "On-call" }, PATIENT));
    await user.click(within(editor).getByRole("button", { name: "Save connection" }));

    await waitFor(() => expect(sent).toHaveLength(1), PATIENT);
    expect(sent[0]?.body).toMatchObject({
      default_grants: [{ workspace_id: "w1", custom_role_id: "role1" }],
      group_teams: [
        { group: "bi", team: "ANALYSTS" },
        { group: "eng", team: "data-eng" },
      ],
    });
  });
});

describe("requiring it", () => {
  it("asks first, and says whom it shuts out", async () => {
    const { user, sent } = open();

    await user.click(await screen.findByRole("switch", { name: "Require single sign-on" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Require single sign-on" });
    expect(dialog).toHaveTextContent("for open sessions too");
    await user.click(within(dialog).getByRole("button", { name: "Require it" }));

    await waitFor(() => expect(sent).toContainEqual({ method: "PATCH", path: "sso", body: { required: true } }), PATIENT);
  });

  it("stays off while nobody could come that way", async () => {
    const { user } = open({ policy: { required: false, active_connections: 0, came_by_provider: false, is_owner: true } });

    await user.click(await screen.findByRole("switch", { name: "Require single sign-on" }, PATIENT));

    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
    expect(screen.getByText(/There is no active connection/, { selector: "p" })).toBeVisible();
  });
});
