import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { ObjectRule } from "@/schema/wire/account";
import { makeAccounts } from "@/testing/demo/account";
import { makeMe } from "@/testing/demo/world";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { ORIGIN, world } from "@/testing/world";

describe("roles", () => {
  it("makes one from a built-in and tells what it adds and lacks while it is chosen", async () => {
    const { user } = visit("/account/acc1/roles?role=new&base=VIEWER");

    const editor = await screen.findByRole("dialog", { name: "New role" }, PATIENT);
    expect(within(editor).getByRole("status")).toHaveTextContent("May do the same as Viewer.");
    await user.click(within(editor).getByLabelText("runs:write"));
    await user.click(within(editor).getByLabelText("usage:read"));
    expect(within(editor).getByRole("status")).toHaveTextContent("Adds runs:writeLacks usage:read");
    await user.type(within(editor).getByLabelText("Name"), "Night{Enter}");

    const card = await within(await screen.findByRole("list", { name: "Roles" }, PATIENT)).findByRole("button", { name: /^Night/ }, PATIENT);
    expect(card).toHaveTextContent("viewer +1 −1");
  });

  it("shows a built-in role and changes nothing of it", async () => {
    visit("/account/acc1/roles?role=RUNNER");
    const drawer = await screen.findByRole("dialog", { name: "Runner" }, PATIENT);

    expect(within(drawer).getByRole("checkbox", { name: "runs:cancel" })).toBeDisabled();
    expect(within(drawer).queryByRole("button", { name: "Save role" })).not.toBeInTheDocument();
  });
});

describe("teams", () => {
  it("tells at the field that a name is taken, then opens the new team and puts somebody in", async () => {
    const { user, here } = visit("/account/acc1/teams");

    await user.click(await screen.findByRole("button", { name: "Create team" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Create a team" });
    await user.type(within(dialog).getByLabelText("Name"), "data-eng");
    await user.click(within(dialog).getByRole("button", { name: "Create team" }));
    expect(await within(dialog).findByText("Taken by another team.", {}, PATIENT)).toBeVisible();
    await user.type(within(dialog).getByLabelText("Name"), "-2");
    await user.click(within(dialog).getByRole("button", { name: "Create team" }));

    await waitFor(() => expect(here().pathname).toMatch(/\/teams\/.+/), PATIENT);
    await screen.findByRole("heading", { name: "data-eng-2" }, PATIENT);
    await user.type(await screen.findByRole("combobox", { name: "Add somebody" }, PATIENT), "jonas@");
    await user.click(await screen.findByRole("option", { name: /Jonas Weber/ }, PATIENT));
    await user.click(screen.getByRole("button", { name: "Add to team" }));
    expect(await screen.findByRole("row", { name: /Jonas Weber/ }, PATIENT)).toBeVisible();
  });

  it("leaves the members of a team to the directory that keeps it", async () => {
    visit("/account/acc1/teams/t3");

    expect(await screen.findByRole("note", {}, PATIENT)).toHaveTextContent("Your identity provider keeps this team by SCIM: its name and members are changed there. What the team may do is decided here.");
    expect(screen.queryByRole("button", { name: "Add to team" })).not.toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Delete" })).toHaveAccessibleDescription("Your identity provider keeps this team: delete its group there.");
    expect(screen.getByRole("button", { name: "Give role" })).toHaveAccessibleDescription("Choose a workspace first.");
  });

  it("lets nobody be put by hand into a team that the directory keeps", async () => {
    const { user } = visit("/account/acc1/members?member=m2");

    await user.click(await screen.findByRole("combobox", { name: "Another team" }, PATIENT));
    const option = await screen.findByRole("option", { name: "on-call · kept by the identity provider" }, PATIENT);
    expect(option).toHaveAttribute("data-combobox-disabled", "true");
  });
});

describe("service accounts", () => {
  it("are disabled after saying what stops", async () => {
    const { user } = visit("/account/acc1/service-accounts/s1");

    await user.click(await screen.findByRole("button", { name: "Disable" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Disable ci-deploys" });
    expect(dialog).toHaveTextContent("1 key is refused within a second.");
    await user.click(within(dialog).getByRole("button", { name: "Disable service account" }));
    expect(await screen.findByRole("button", { name: "Enable" }, PATIENT)).toBeVisible();
    expect(screen.getByRole("button", { name: "Create key" })).toHaveAccessibleDescription("It is disabled.");
    await user.click(screen.getByRole("button", { name: "Enable" }));
    expect(await screen.findByRole("button", { name: "Disable" }, PATIENT)).toBeVisible();
  });
});

describe("access to a workspace", () => {
  it("gives a team a role and shows who refuses to go", async () => {
    const { user } = visit("/w/acme/settings?tab=access");

    const table = await screen.findByRole("table", { name: "Access" }, PATIENT);
    expect(within(table).getByRole("combobox", { name: "Role of on-call" })).toHaveValue("On-call");
    await user.click(screen.getByRole("button", { name: "Give access" }));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("radio", { name: "Team" }));
    await user.click(within(dialog).getByRole("combobox", { name: "Team" }));
    await user.click(await screen.findByRole("option", { name: "analysts" }, PATIENT));
    await user.click(within(dialog).getByRole("button", { name: "Give role" }));
    expect(await within(table).findByRole("combobox", { name: "Role of analysts" }, PATIENT)).toHaveValue("Viewer");

    await user.click(within(table).getByRole("combobox", { name: "Role of Ada Brandt" }));
    await user.click(await screen.findByRole("option", { name: "Runner" }, PATIENT));
    expect(await within(table).findByText(/A workspace keeps at least one owner/, {}, PATIENT)).toBeVisible();
  });

  it("keeps a deployment for a team", async () => {
    const [deployment] = world.deploymentRows;
    const { user } = visit(`/w/acme/deployments/${deployment?.id ?? ""}`);

    await screen.findByText("Everybody whose role may start runs.", {}, PATIENT);
    await user.click(screen.getAllByRole("button", { name: "Narrow" })[0] as HTMLElement);
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("combobox", { name: "Team" }));
    await user.click(await screen.findByRole("option", { name: "data-eng" }, PATIENT));
    await user.click(within(dialog).getByRole("button", { name: "Add rule" }));
    expect(await screen.findByText(/Only team/, {}, PATIENT)).toHaveTextContent("Only team data-eng");
  });

  it("keeps a pool for its owners, and says so of rules whose people are gone", async () => {
    const asked: unknown[] = [];
    const [pool] = world.poolRows;
    const rule = { id: "r-gone", object_kind: "POOL", object_id: pool?.id ?? "", object_name: "default", scope: "runs:write", kind: "owners", subject_id: null, name: "Owners only", created_at: "2026-11-01T08:00:00Z" } satisfies ObjectRule;
    server.use(
      http.get("*/api/v1/workspaces/acme/rules", () => HttpResponse.json({ items: asked.length === 0 ? [] : [rule], next_cursor: null })),
      http.post("*/api/v1/workspaces/acme/rules", async ({ request }) => {
        asked.push(await request.json());
        return HttpResponse.json(rule, { status: 201 });
      }),
    );
    const { user, unmount } = visit(`/w/acme/pools?pool=${pool?.name ?? ""}`);

    await user.click((await screen.findAllByRole("button", { name: "Narrow" }, PATIENT))[0] as HTMLElement);
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByRole("button", { name: "Add rule" })).toHaveAccessibleDescription("Choose for whom.");
    await user.click(within(dialog).getByRole("radio", { name: "Owners only" }));
    await user.click(within(dialog).getByRole("button", { name: "Add rule" }));

    expect(await screen.findByText("Only owners", {}, PATIENT)).toBeVisible();
    expect(asked).toEqual([{ object_kind: "POOL", object_id: pool?.id, scope: "runs:write" }]);
    unmount();
    visit("/w/acme/settings?tab=access");
    expect(await screen.findByRole("link", { name: "Pool default" }, PATIENT)).toBeVisible();
    expect(screen.getByText(/only for owners$/)).toBeVisible();
  });

  it("tells a viewer why nothing can be changed", async () => {
    asViewer();
    visit("/w/acme/settings?tab=access");

    const denial = "Your role here is viewer; this needs the scope members:manage.";
    expect(await screen.findByRole("button", { name: "Give access" }, PATIENT)).toHaveAccessibleDescription(denial);
    expect(await screen.findByRole("button", { name: "Remove Jonas Weber" }, PATIENT)).toHaveAccessibleDescription(denial);
    const role = screen.getByRole("combobox", { name: "Role of Jonas Weber" });
    expect(role).toHaveAccessibleDescription(denial);
    expect(role).toBeEnabled();
  });
});

describe("keys", () => {
  it("are rotated with an overlap, and the old one says so", async () => {
    const { user } = visit("/w/acme/settings?tab=keys&state=stale");

    const row = await screen.findByRole("row", { name: /notebook/ }, PATIENT);
    expect(row).toHaveTextContent("stale");
    await user.click(within(row).getByRole("button", { name: "Rotate" }));
    await user.click(within(await screen.findByRole("dialog", { name: "Rotate notebook" })).getByRole("button", { name: "Rotate key" }));
    const secret = await screen.findByRole("dialog", { name: "Copy the key now" }, PATIENT);
    expect(secret).toHaveTextContent(/hw_7KpW…, works until/);
    await user.click(within(secret).getByRole("button", { name: "I have copied it" }));
    expect(await screen.findByText("rotated: use the new one", {}, PATIENT)).toBeVisible();
  });

  it("may be of a service account, with chosen scopes only", async () => {
    const { user } = visit("/w/acme/settings?tab=keys");

    await user.click(await screen.findByRole("button", { name: "Create key" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    await user.type(within(dialog).getByLabelText("Name"), "loader");
    await user.click(await within(dialog).findByRole("combobox", { name: "Whose" }, PATIENT));
    await user.click(await screen.findByRole("option", { name: /ci-deploys/ }));
    await user.click(within(dialog).getByRole("combobox", { name: "May" }));
    await user.click(await screen.findByRole("option", { name: "Chosen scopes" }));
    expect(within(dialog).getByRole("button", { name: "Create key" })).toHaveAccessibleDescription("Choose at least one scope.");
    await user.click(within(dialog).getByRole("checkbox", { name: "telemetry:write" }));
    await user.click(within(dialog).getByRole("button", { name: "Create key" }));
    await user.click(await screen.findByRole("button", { name: "I have copied it" }, PATIENT));
    expect(await screen.findByRole("row", { name: /loader/ }, PATIENT)).toHaveTextContent("ci-deploys1 scope");
  });

  it("stand together on one's own page", async () => {
    visit("/me/keys");

    expect(await screen.findByRole("row", { name: /old laptop/ }, PATIENT)).toHaveTextContent("Acme data");
  });
});

describe("security of an account", () => {
  it("leads from each number to the list that it counts", async () => {
    visit("/account/acc1/security");

    expect(await screen.findByText(/Worth a look: .* members without a second factor, 1 stale key, 2 keys without an end\./, {}, PATIENT)).toBeVisible();
    const term = screen.getByText("Without a second factor").closest("div");
    expect(within(term as HTMLElement).getByRole("link")).toHaveAttribute("href", "/account/acc1/members?mfa=false&state=active");
  });

  it("does not let anybody shut themselves out", async () => {
    const { user } = visit("/account/acc1/security");

    await user.click(await screen.findByRole("button", { name: "Add network" }, PATIENT));
    await user.type(screen.getByRole("textbox", { name: "Network 1" }), "198.51.100.0/24");
    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("Your own address 203.0.113.7 is in none of them");
    expect(screen.getByRole("button", { name: "Save networks" })).toHaveAccessibleDescription(/you would shut yourself out/);
    await user.click(screen.getByRole("button", { name: "Add my address" }));
    await waitFor(() => { expect(screen.queryByRole("alert")).not.toBeInTheDocument(); }, PATIENT);
    await user.click(screen.getByRole("button", { name: "Save networks" }));
    expect(await screen.findByText("2 networks", {}, PATIENT)).toBeVisible();
  });

  it("says which keys new networks would shut out, before they do", async () => {
    server.use(http.get("*/api/v1/account/acc1/allowed-networks", () => HttpResponse.json({ items: [], own_address: "203.0.113.7", cut_off: [] })));
    const { user } = visit("/account/acc1/security");

    await user.click(await screen.findByRole("button", { name: "Add my address" }, PATIENT));
    await user.click(screen.getByRole("button", { name: "Save networks" }));
    const dialog = await screen.findByRole("dialog", { name: "Shut these keys out" }, PATIENT);
    expect(dialog).toHaveTextContent(/ci deploys hw_Ab12….*from 198\.51\.100\.20/);
    await user.click(within(dialog).getByRole("button", { name: "Not now" }));

    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument(), PATIENT);
    expect(screen.getByRole("button", { name: "Save networks" })).not.toHaveAccessibleDescription();
  });

  it("says whom a required second factor shuts out before it is required", async () => {
    const { user } = visit("/account/acc1/security");

    await user.click(await screen.findByRole("switch", { name: "Everybody needs a second factor" }, PATIENT));
    expect(await screen.findByRole("dialog", { name: "Require a second factor" })).toHaveTextContent(/members have none and would have to set one up/);
  });
});

describe("the audit log", () => {
  it("unfolds what changed, narrows to the object, and exports what the filters show", async () => {
    const { user, here } = visit("/account/acc1/audit?action=automation.");

    const [entry] = await screen.findAllByRole("button", { name: /automation · changed/ }, PATIENT);
    await user.click(entry as HTMLElement);
    const changes = await screen.findByRole("region", { name: "Changes" }, PATIENT);
    expect(within(changes).getByRole("row", { name: /trigger\.within_minutes/ })).toHaveTextContent("3045");
    await user.click(screen.getByRole("button", { name: "All of Flights are late" }));
    await waitFor(() => expect(here().search).toMatchObject({ object: expect.stringMatching(/^automation-/) as string }), PATIENT);

    await user.click(screen.getByRole("button", { name: "Export" }));
    expect(await screen.findByRole("menuitem", { name: "As CSV" })).toHaveAttribute("href", expect.stringMatching(/\/api\/v1\/account\/acc1\/audit\/export\?action=automation\..*format=csv$/));
  });

  it("is streamed to an address that is checked", async () => {
    const { user } = visit("/account/acc1/audit");

    await user.click(await screen.findByRole("button", { name: "Stream" }, PATIENT));
    const drawer = await screen.findByRole("dialog", { name: "Stream the log" }, PATIENT);
    await user.type(await within(drawer).findByLabelText("Address", {}, PATIENT), "http://siem");
    await user.click(within(drawer).getByRole("button", { name: "Start the stream" }));
    expect(await within(drawer).findByText("Must begin with https://.", {}, PATIENT)).toBeVisible();
  });

  it("is not shown to who may not read it", async () => {
    server.use(http.get("*/api/v1/me", () => HttpResponse.json(makeMe(ORIGIN, undefined, undefined, makeAccounts("MEMBER", ["account:read", "members:read"])))));
    visit("/account/acc1/audit");

    expect(await screen.findByText("The log is not shown to you", {}, PATIENT)).toBeVisible();
  });
});

describe("the end of a workspace", () => {
  it("asks for the name and for an export, or the word that none is wanted", async () => {
    const { user, here } = visit("/w/fresh/settings");

    await user.click(await screen.findByRole("button", { name: "Delete this workspace" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Delete Fresh start" });
    await user.type(within(dialog).getByLabelText("Type Fresh start to confirm"), "Fresh start");
    expect(within(dialog).getByRole("button", { name: "Delete workspace" })).toHaveAccessibleDescription("Export first, or say that none is wanted.");
    await user.click(within(dialog).getByRole("checkbox", { name: "Delete without an export" }));
    await user.click(within(dialog).getByRole("button", { name: "Delete workspace" }));
    await waitFor(() => expect(here().pathname).not.toMatch(/settings/), PATIENT);
  });
});

it("does not say that there are no workspaces to who may look into none", async () => {
  server.use(http.get("*/api/v1/account/:account/workspaces", () => HttpResponse.json({ items: [], next_cursor: null })));
  visit("/account/acc1/workspaces");

  expect(await screen.findByText("None of them is open to you", {}, PATIENT)).toBeVisible();
  expect(screen.queryByText("No workspaces yet")).toBeNull();
});
