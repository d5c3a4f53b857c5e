import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

const USAGE = "/w/acme/usage";
const PLAN = "/w/acme/plan";

beforeEach(() => {
  world.billing.standing = "well";
  window.location.hash = "";
});

describe("the usage page", () => {
  it("answers first, shows each meter, and leads from numbers to runs", async () => {
    const { user, here } = visit(USAGE);

    expect(await screen.findByText(/of 20,000 task runs used in/, {}, PATIENT)).toBeVisible();
    const meters = screen.getByRole("group", { name: "Meters" });
    expect(within(meters).getAllByRole("button")).toHaveLength(4);
    expect(within(meters).getByRole("img", { name: /of 20,000 task runs used/ })).toBeVisible();
    expect(within(meters).getByRole("button", { name: /^Task runs/ })).toHaveTextContent("Completed, of a second or more");
    const [first] = within(screen.getByRole("list", { name: "By deployment" })).getAllByRole("listitem");
    if (first === undefined) throw new Error("no deployment used anything");
    const [name, count] = within(first).getAllByRole("link");
    expect(name).toHaveAttribute("href", expect.stringContaining("/w/acme/deployments/"));
    expect(count).toHaveAttribute("href", expect.stringMatching(/\/w\/acme\/runs\?from=.+&to=.+&deployment_id=/));

    await user.click(within(meters).getByRole("button", { name: /Managed compute/ }));
    expect(here().search).toEqual({ meter: "managed_seconds" });
    expect(await screen.findByRole("heading", { name: "Managed compute by day" })).toBeVisible();
  });

  it("keeps the month in the address and stops at the present one", async () => {
    const { user, here } = visit(USAGE);

    const after = await screen.findByRole("button", { name: "The month after" }, PATIENT);
    expect(after).toHaveAttribute("aria-disabled", "true");
    await user.click(screen.getByRole("button", { name: "The month before" }));
    await waitFor(() => expect(here().search).toHaveProperty("month"));
    expect(after).toHaveAttribute("aria-disabled", "false");
    await user.click(after);
    await waitFor(() => expect(here().search).toEqual({}));
  });

  it("shows the account to those who may, by workspace", async () => {
    const { user, here } = visit(USAGE);

    await user.click(await screen.findByRole("radio", { name: "All of Acme" }, PATIENT));
    expect(here().search).toEqual({ of: "account" });
    const list = await screen.findByRole("list", { name: "By workspace" }, PATIENT);
    expect(within(list).getAllByRole("listitem")).toHaveLength(2);
  });

  it("does not offer the account to others", async () => {
    server.use(http.get("*/api/v1/account/:id/plan", () => refusal(403, "permission_denied", "Your role in the account does not allow this.")));
    visit(USAGE);

    expect(await screen.findByText(/task runs used in/, {}, PATIENT)).toBeVisible();
    expect(screen.queryByRole("radio", { name: "All of Acme" })).not.toBeInTheDocument();
  });

  it("says plainly that nothing is limited where billing is off", async () => {
    world.billing.standing = "self-hosted";
    visit(USAGE);

    expect(await screen.findByText(/hosted by its users/, {}, PATIENT)).toBeVisible();
    expect(screen.queryByRole("heading", { name: "Warnings" })).not.toBeInTheDocument();
  });

  it("tells of warnings, and of what failed", async () => {
    world.billing.standing = "held";
    const { unmount } = visit(USAGE);
    const warnings = await screen.findByRole("list", { name: "Warnings" }, PATIENT);
    expect(within(warnings).getAllByRole("listitem").map((each) => each.textContent)).toEqual([expect.stringMatching(/^100 %/), expect.stringMatching(/^80 %/), expect.stringMatching(/^50 %/)]);
    unmount();

    server.use(http.get("*/workspaces/:workspace/usage", () => refusal(500, "internal", "Something went wrong on our side.")));
    visit(USAGE);
    expect(await screen.findByText("Loading the usage didn’t work", {}, PATIENT)).toBeVisible();
  });

  it("is found without a workspace, as mails write it", async () => {
    const { here } = visit("/usage");
    await waitFor(() => expect(here().pathname).toBe(USAGE), PATIENT);
  });
});

describe("the plan page", () => {
  it("shows what is contained against what is used, and upgrades by the payment page", async () => {
    world.billing.standing = "held";
      const { user } = visit(PLAN);

    const contents = await screen.findByRole("list", { name: "What the plan contains" }, PATIENT);
    expect(contents).toHaveTextContent("Users3 of 3");
    const standard = screen.getByRole("article", { name: "Standard" });
    await user.click(within(standard).getByRole("button", { name: "Upgrade to Standard" }));
    await waitFor(() => expect(window.location.hash).toBe(`#checkout-STANDARD-then-${PLAN}`), PATIENT);
    expect(within(screen.getByRole("article", { name: "Free" })).getByText("Your plan")).toBeVisible();
    expect(within(screen.getByRole("article", { name: "Enterprise" })).queryByRole("button")).not.toBeInTheDocument();
  });

  it("leads to invoices and to a smaller plan by the portal", async () => {
      const { user } = visit(PLAN);

    expect(await screen.findByText(/^Renews on 1 /, {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Invoices and payment" }));
    await waitFor(() => expect(window.location.hash).toBe(`#portal-then-${PLAN}`), PATIENT);
    window.location.hash = "";
    await user.click(screen.getByRole("button", { name: "Change to Free" }));
    await waitFor(() => expect(window.location.hash).toBe(`#portal-then-${PLAN}`), PATIENT);
  });

  it("says why there is nothing to press where no payment is set up", async () => {
      server.use(
      http.get("*/api/v1/account/:id/plan", async () => {
        const { makePlan } = await import("@/testing/demo/billing");
        return HttpResponse.json({ ...makePlan({ ...world.billing, standing: "held" }, Date.now()), stripe: false, subscription: null });
      }),
    );
    const { user } = visit(PLAN);

    const upgrade = await screen.findByRole("button", { name: "Upgrade to Standard" }, PATIENT);
    expect(upgrade).toHaveAccessibleDescription("Payment is not set up here; who runs this installation changes plans.");
    await user.click(upgrade);
    expect(window.location.hash).toBe("");
    expect(screen.queryByRole("button", { name: "Invoices and payment" })).not.toBeInTheDocument();
  });

  it("says what the payment service refused", async () => {
    world.billing.standing = "held";
    server.use(http.post("*/api/v1/account/:id/checkout", () => refusal(502, "payment_unavailable", "The payment service can’t be reached.")));
    const { user } = visit(PLAN);

    await user.click(await screen.findByRole("button", { name: "Upgrade to Standard" }, PATIENT));
    expect(await screen.findByText("The payment service can’t be reached.", {}, PATIENT)).toBeVisible();
  });

  it("is plain about self-hosting, and about who may not see it", async () => {
    world.billing.standing = "self-hosted";
    const { unmount } = visit(PLAN);
    expect(await screen.findByText("Billing is off.", {}, PATIENT)).toBeVisible();
    expect(screen.queryByRole("region", { name: "All plans" })).not.toBeInTheDocument();
    unmount();

    server.use(http.get("*/api/v1/account/:id/plan", () => refusal(403, "permission_denied", "Your role in the account does not allow this.")));
    visit(PLAN);
    expect(await screen.findByText(/Owners, admins and billing contacts of Acme/, {}, PATIENT)).toBeVisible();
  });

  it("thanks who comes back from paying, and forgets it again", async () => {
    const { here } = visit("/plan?checkout=cancelled");
    expect(await screen.findByText("Nothing was bought; the plan is as it was.", {}, PATIENT)).toBeVisible();
    expect(here().pathname).toBe(PLAN);
  });
});

describe("the banner over every page", () => {
  it("says what is held, until when, and where to go", async () => {
    world.billing.standing = "held";
    visit("/w/acme/deployments");

    const banner = await screen.findByRole("alert", { name: "Usage" }, PATIENT);
    expect(banner).toHaveTextContent(/New runs are held until 1 /);
    expect(within(banner).getByRole("link", { name: "Held runs" })).toHaveAttribute("href", "/w/acme/runs?state=held&range=30d");
    expect(within(banner).getByRole("link", { name: "Get a larger plan" })).toHaveAttribute("href", PLAN);
    expect(within(banner).queryByRole("button")).not.toBeInTheDocument();
  });

  it("is waved away for the month, and comes back with the next threshold", async () => {
    world.billing.standing = "warned";
    const { user, unmount } = visit("/w/acme/pools");
    const banner = await screen.findByRole("status", { name: "Usage" }, PATIENT);
    await user.click(within(banner).getByRole("button", { name: "Don’t show this again this month" }));
    expect(banner).not.toBeInTheDocument();
    unmount();

    const again = visit("/w/acme/pools");
    await screen.findByRole("heading", { name: "Pools and agents" }, PATIENT);
    await waitFor(() => expect(again.container).toHaveTextContent(/online/), PATIENT);
    expect(screen.queryByRole("status", { name: "Usage" })).not.toBeInTheDocument();
    again.unmount();

    world.billing.standing = "held";
    visit("/w/acme/pools");
    expect(await screen.findByRole("alert", { name: "Usage" }, PATIENT)).toBeVisible();
  });

  it("is not asked for where usage may not be read", async () => {
    world.billing.standing = "held";
    asViewer();
    server.use(http.get("*/api/v1/me", () => HttpResponse.json({ ...world.me, workspaces: world.me.workspaces.map((each) => ({ ...each, scopes: ["workspace:read", "pools:read"] })) })));
    visit("/w/acme/pools");

    expect(await screen.findByRole("heading", { name: "Pools and agents" }, PATIENT)).toBeVisible();
    expect(screen.queryByRole("alert", { name: "Usage" })).not.toBeInTheDocument();
  });
});

describe("what the plan stands in the way of", () => {
  const details = { meter: "task_runs", used: 20_004, limit: 20_000, resets_at: "2026-12-01T00:00:00Z" };
  const spent = (code: string, said: Record<string, unknown>) =>
    HttpResponse.json({ error: { code, message: "Used up.", details: said, fields: null, retryable: false, request_id: "req_1" } }, { status: 402 });

  it("is told where a run is started, and the banner looks again", async () => {
    const [deployment] = world.deploymentRows;
    const { user } = visit(`/w/acme/deployments/${deployment?.id ?? ""}?run=now`);
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    expect(screen.queryByRole("alert", { name: "Usage" })).not.toBeInTheDocument();

    world.billing.standing = "held";
    server.use(http.post("*/deployments/:id/runs", () => spent("quota_exceeded", details)));
    await user.click(within(dialog).getByRole("button", { name: "Run now" }));

    const said = await within(dialog).findByRole("alert", {}, PATIENT);
    expect(said).toHaveTextContent("The plan’s task runs of this month are used up: 20,004 of 20,000. Until 1 December nothing new starts; what runs goes on.");
    expect(within(said).getByRole("link", { name: "See the plan" })).toHaveAttribute("href", PLAN);
    expect(await screen.findByText(/New runs are held until/, {}, PATIENT)).toBeInTheDocument();
  });

  it("is told where a workspace is made", async () => {
    server.use(http.post("*/api/v1/workspaces", () => spent("plan_limit", { what: "workspaces", used: 1, limit: 1 })));
    const { user } = visit("/w/acme/pools");

    await user.click(await screen.findByRole("button", { name: /Switch workspace/ }, PATIENT));
    await user.click(await screen.findByRole("menuitem", { name: "Create a workspace" }));
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    await user.type(within(dialog).getByLabelText("Name"), "second{Enter}");

    const said = await within(dialog).findByRole("alert", {}, PATIENT);
    expect(said).toHaveTextContent("The plan’s workspaces are used up: 1 of 1.");
    expect(within(said).getByRole("link", { name: "See the plan" })).toBeVisible();
  });
});
