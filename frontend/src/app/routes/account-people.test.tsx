import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { makeAccounts } from "@/testing/demo/account";
import { makeMe } from "@/testing/demo/world";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { ORIGIN } from "@/testing/world";

/** From now on, whoever asks is a plain member of the account. */
function asPlainMember(): void {
  server.use(http.get("*/api/v1/me", () => HttpResponse.json(makeMe(ORIGIN, undefined, undefined, makeAccounts("MEMBER", ["account:read", "members:read"])))));
}

describe("members of an account", () => {
  it("answers first, draws only what is on screen, and filters on the server", async () => {
    const { user, here } = visit("/account/acc1/members");

    const table = await screen.findByRole("table", { name: "Members" }, PATIENT);
    expect(await screen.findByRole("link", { name: /9,7\d\d members/ }, PATIENT)).toHaveAttribute("href", "/account/acc1/members?state=active");
    expect(within(table).getAllByRole("row").length).toBeLessThan(60);

    await user.type(screen.getByLabelText("Search members"), "jonas@");
    await waitFor(() => expect(here().search).toMatchObject({ q: "jonas@" }), PATIENT);
    await waitFor(() => expect(screen.getByText("1 member fit")).toBeVisible(), PATIENT);
    expect(within(screen.getByRole("table", { name: "Members" })).getByRole("link", { name: "Jonas Weber" })).toBeVisible();
  });

  it("opens a member by the address, changes where they have which role, and says what a removal takes", async () => {
    const { user } = visit("/account/acc1/members?member=m2");

    const drawer = await screen.findByRole("dialog", { name: "Jonas Weber" }, PATIENT);
    const grants = await within(drawer).findByRole("region", { name: "Workspaces" }, PATIENT);
    expect(within(grants).getByRole("combobox", { name: "Role in Acme data" })).toHaveValue("Developer");
    await user.click(within(grants).getByRole("combobox", { name: "Another workspace" }));
    await user.click(await screen.findByRole("option", { name: "Finance" }, PATIENT));
    await user.click(within(grants).getByRole("button", { name: "Give role" }));
    expect(await within(grants).findByRole("combobox", { name: "Role in Finance" }, PATIENT)).toHaveValue("Viewer");

    await user.click(within(drawer).getByRole("button", { name: "Remove from Acme" }));
    const asking = await screen.findByRole("dialog", { name: "Remove Jonas Weber" }, PATIENT);
    expect(asking).toHaveTextContent("their roles in 2 workspaces");
    expect(asking).toHaveTextContent("2 personal keys, which stop working at once");
    expect(within(asking).getByRole("button", { name: "Remove member" })).toHaveAccessibleDescription("Type jonas@example.com first.");
  });

  it("deactivates and takes it back", async () => {
    const { user } = visit("/account/acc1/members?member=m3");
    const drawer = await screen.findByRole("dialog", {}, PATIENT);

    await user.click(await within(drawer).findByRole("button", { name: "Deactivate" }, PATIENT));
    expect(await within(drawer).findByRole("note", {}, PATIENT)).toHaveTextContent("no session and no key of theirs works here");
    await user.click(within(drawer).getByRole("button", { name: "Reactivate" }));
    await waitFor(() => expect(within(drawer).queryByRole("note")).not.toBeInTheDocument(), PATIENT);
  });

  it("says why oneself can't be changed, in the server's words", async () => {
    visit("/account/acc1/members?member=m1");
    const drawer = await screen.findByRole("dialog", {}, PATIENT);

    expect(await within(drawer).findByRole("button", { name: "Deactivate" }, PATIENT)).toHaveAccessibleDescription("You are not to shut yourself out: ask another owner.");
  });

  it("tells a plain member why nothing can be changed", async () => {
    asPlainMember();
    visit("/account/acc1/members?member=m2");
    const drawer = await screen.findByRole("dialog", {}, PATIENT);

    const denial = "Your role in Acme is member; this needs the scope members:manage.";
    expect(await within(drawer).findByRole("button", { name: "Remove from Acme" }, PATIENT)).toHaveAccessibleDescription(denial);
    expect(within(drawer).queryByRole("button", { name: "Give role" })).not.toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Invite people", hidden: true })).toHaveAccessibleDescription(denial);
  });

  it("says what failed, with the id to quote", async () => {
    server.use(http.get("*/api/v1/account/:id/members", () => refusal(500, "internal", "Something went wrong on our side.")));
    visit("/account/acc1/members");

    expect(await screen.findByText("Loading the members didn’t work", {}, PATIENT)).toBeVisible();
    expect(screen.getByRole("button", { name: /req_01J9ZK4T8Q/ })).toBeVisible();
  });

  it("is not there for somebody of another account", async () => {
    visit("/account/acc9/members");

    expect(await screen.findByText(/nothing lives at this address/i, {}, PATIENT)).toBeVisible();
  });
});

describe("invitations", () => {
  it("sends several at once; who is refused stays in the field with the reason", async () => {
    const { user, here } = visit("/account/acc1/invitations?invite=new");

    const dialog = await screen.findByRole("dialog", { name: "Invite people" }, PATIENT);
    expect(await within(dialog).findByText("2 seats left of 10,005.", {}, PATIENT)).toBeVisible();
    await user.type(within(dialog).getByLabelText("Addresses"), "liv@example.org, ada@example.com");
    await user.click(within(dialog).getByRole("button", { name: "Add a workspace" }));
    await user.click(within(dialog).getByRole("button", { name: "Send 2 invitations" }));

    const refused = await within(dialog).findByRole("list", { name: "Not sent" }, PATIENT);
    expect(refused).toHaveTextContent("ada@example.com is a member already.");
    expect(within(dialog).getByLabelText("Addresses")).toHaveValue("ada@example.com");
    await user.click(within(dialog).getByRole("button", { name: "Back" }));
    await waitFor(() => expect(here().search).toEqual({}), PATIENT);
    const row = await screen.findByRole("row", { name: /liv@example.org/ }, PATIENT);
    expect(row).toHaveTextContent("Acme data: Viewer");
  });

  it("warns when the plan has fewer seats than are asked for", async () => {
    const { user } = visit("/account/acc1/invitations?invite=new");

    const dialog = await screen.findByRole("dialog", { name: "Invite people" }, PATIENT);
    await within(dialog).findByText(/seats? left of/, {}, PATIENT);
    await user.type(within(dialog).getByLabelText("Addresses"), "a@x.org b@x.org c@x.org");
    expect(within(dialog).getByText("The plan has 2 seats left; 3 are asked for.")).toBeVisible();
  });

  it("are not shown to who manages nobody: nothing failed", async () => {
    server.use(
      http.get("*/api/v1/me", () => HttpResponse.json(makeMe(ORIGIN, undefined, undefined, makeAccounts("MEMBER", ["account:read", "members:read"])))),
      http.get("*/api/v1/account/:id/invitations", () => refusal(403, "permission_denied", "This needs the scope members:manage in the account.")),
    );
    visit("/account/acc1/invitations");

    expect(await screen.findByText("Invitations are not shown to you", {}, PATIENT)).toBeVisible();
    expect(screen.getByText(/needs the scope members:manage/)).toBeVisible();
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });

  it("takes one back after asking", async () => {
    const { user } = visit("/account/acc1/invitations?q=new.1@");

    const row = await screen.findByRole("row", { name: /new\.1@example\.com/ }, PATIENT);
    await user.click(within(row).getByRole("button", { name: "Revoke" }));
    await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Revoke invitation" }));
    await waitFor(() => expect(screen.queryByRole("row", { name: /new\.1@example\.com/ })).not.toBeInTheDocument(), PATIENT);
  });
});

describe("the page of an invitation", () => {
  it("sends a stranger to log in or sign up, and back", async () => {
    server.use(http.get("*/api/v1/me", () => refusal(401, "unauthenticated", "Log in first.")));
    visit("/invitations/hwi_abc");

    expect(await screen.findByText(/Ada Brandt invites you to/, {}, PATIENT)).toHaveTextContent("Acme as member, with a role in Acme data.");
    expect(screen.getByRole("link", { name: "Log in and accept" })).toHaveAttribute("href", "/login?next=%2Finvitations%2Fhwi_abc");
    expect(screen.getByRole("link", { name: "Sign up and accept" })).toHaveAttribute("href", "/signup?next=%2Finvitations%2Fhwi_abc");
  });

  it("lets somebody new in as they sign up, into no account but the inviting one", async () => {
    const tokens: (string | null)[] = [];
    server.use(
      http.post("*/_allauth/browser/v1/auth/signup", ({ request }) => {
        tokens.push(request.headers.get("X-Invitation"));
        return HttpResponse.json({ status: 200, data: {}, meta: { is_authenticated: true } });
      }),
    );
    const { user, here } = visit("/signup?next=%2Finvitations%2Fhwi_abc");

    expect(await screen.findByText(/^You join/, {}, PATIENT)).toHaveTextContent("You join Acme. Use the address that the invitation was sent to, n…w@example.com.");
    await user.type(screen.getByLabelText("E-mail"), "new@example.com");
    await user.type(screen.getByLabelText("Password"), "correct horse battery");
    await user.click(screen.getByRole("button", { name: "Create account" }));

    await waitFor(() => expect(here().pathname).toBe("/w/acme"), PATIENT);
    expect(tokens).toEqual(["hwi_abc"]);
  });

  it("lets the right person in", async () => {
    const { user, here } = visit("/invitations/hwi_abc");

    await user.click(await screen.findByRole("button", { name: "Join Acme" }, PATIENT));
    await waitFor(() => expect(here().pathname).toBe("/w/acme"), PATIENT);
  });

  it("explains a wrong address, and one that is not confirmed", async () => {
    const { user, unmount } = visit("/invitations/foreign");
    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("You are logged in as ada@example.com, and the invitation is for n…w@example.com.");
    expect(screen.queryByRole("button", { name: "Join Acme" })).not.toBeInTheDocument();
    unmount();

    visit("/invitations/unconfirmed");
    await user.click(await screen.findByRole("button", { name: "Join Acme" }, PATIENT));
    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("Your address is not confirmed yet.");
  });

  it("says the same of every invitation that can't be used", async () => {
    visit("/invitations/expired");

    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("This invitation can’t be used");
  });
});
