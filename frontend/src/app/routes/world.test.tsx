import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";
import { things } from "@/testing/world-handlers";

describe("the world page", () => {
  it("draws what lies around the table that is named most, and says who waits for it", async () => {
    visit("/w/acme/world");

    const graph = await screen.findByRole("region", { name: "Graph" }, PATIENT);
    expect(within(graph).getByRole("button", { name: "Table orders shop.public" })).toHaveAttribute("aria-current", "true");
    expect(within(graph).getByRole("button", { name: "Deployment load-orders nightly" })).toBeVisible();
    expect(await screen.findByText(/1 dashboard depends on it/, {}, PATIENT)).toBeVisible();
    expect(await screen.findByRole("table", { name: "Things" }, PATIENT)).toBeVisible();
    const tables = screen.getByRole("link", { name: "4 tables" });
    expect(tables.parentElement).toHaveTextContent("1 dashboard, 1 deployment, 4 tables, 1 person.");
    expect(tables).toHaveAttribute("href", expect.stringContaining("kind=table"));
  });

  it("shows more of a thing beside the rest, and looks from another", async () => {
    const { user } = visit("/w/acme/world");
    const graph = await screen.findByRole("region", { name: "Graph" }, PATIENT);

    await user.click(within(graph).getByRole("button", { name: "Show 2 more that depend on maria@acme.example" }));
    expect(await within(graph).findByRole("button", { name: "Table late_orders shop.public" }, PATIENT)).toBeVisible();
    expect(within(graph).getByRole("button", { name: "Table orders shop.public" })).toHaveAttribute("aria-current", "true");

    await user.click(within(graph).getByRole("button", { name: "Person maria@acme.example" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: "Deployment load-orders nightly" })).not.toBeInTheDocument(), PATIENT);
  });

  it("keeps its graph where it is while one looks for something else", async () => {
    visit("/w/acme/world?q=nothing-is-called-so");

    expect(await screen.findByText("Nothing is called so", {}, PATIENT)).toBeVisible();
    const graph = await screen.findByRole("region", { name: "Graph" }, PATIENT);
    expect(within(graph).getByRole("button", { name: "Table orders shop.public" })).toHaveAttribute("aria-current", "true");
  });

  it("goes back in time, and asks for the graph of that moment", async () => {
    const asked: (string | null)[] = [];
    server.events.on("request:start", ({ request }) => {
      const url = new URL(request.url);
      if (url.pathname.endsWith("/world/graph")) asked.push(url.searchParams.get("until"));
    });
    const { user } = visit("/w/acme/world");
    const slider = await screen.findByRole("slider", { name: "The moment that is shown" }, PATIENT);
    expect(screen.getByText("As of now")).toBeVisible();

    slider.focus();
    await user.keyboard("{Home}");

    expect(await screen.findByRole("button", { name: "Back to now" }, PATIENT)).toBeVisible();
    await waitFor(() => expect(asked.at(-1)).toMatch(/^2026-11-0[23]T/), PATIENT);
    await user.click(screen.getByRole("button", { name: "Back to now" }));
    expect(await screen.findByText("As of now", {}, PATIENT)).toBeVisible();
    server.events.removeAllListeners();
  });

  it("says so when nothing was around it at that moment, and that who depends on it does now", async () => {
    const alone = { ...things.orders, level: 0, more_up: 0, more_down: 0 };
    server.use(http.get("*/world/graph", () => HttpResponse.json({ focus_id: alone.id, nodes: [alone], lines: [], truncated: false })));
    visit(`/w/acme/world?focus=${things.orders.id}&at=2026-11-02T00:00:00Z`);

    expect(await screen.findByText("Nothing was seen around it by then.", {}, PATIENT)).toBeVisible();
    expect(await screen.findByText(/^: by now .* on it\.$/, {}, PATIENT)).toBeVisible();
  });

  it("says what goes here while nothing is known", async () => {
    server.use(http.get("*/world/resources", () => HttpResponse.json({ items: [], next_cursor: null, kinds: {} })));
    visit("/w/acme/world");

    expect(await screen.findByText("Nothing is known yet", {}, PATIENT)).toBeVisible();
  });
});

describe("the page of a thing", () => {
  it("tells who reads and writes it, its checks and what changed", async () => {
    visit(`/w/acme/world/${things.orders.id}`);

    const readers = await screen.findByRole("list", { name: "Who reads it" }, PATIENT);
    expect(within(readers).getByRole("link", { name: "maria@acme.example" })).toBeVisible();
    expect(screen.getByText("1 of 7")).toBeVisible();
    expect(within(screen.getByRole("list", { name: "Checks" })).getByText("failed")).toBeVisible();
    expect(screen.getByRole("list", { name: "Changes of its columns" })).toHaveTextContent("− month");
    expect(await screen.findByRole("list", { name: "Who is affected" }, PATIENT)).toHaveTextContent("Sales");
    expect(screen.getByText("s3://lake/warehouse/orders")).toBeVisible();
  });

  it("does not say that nobody wrote what was written", async () => {
    visit(`/w/acme/world/${things.late.id}`);

    expect(await screen.findByText("It was written, but no event says by whom.", {}, PATIENT)).toBeVisible();
    expect(screen.getByText("Last written")).toBeVisible();
  });

  it("does not say that nobody wrote what was written", async () => {
    visit(`/w/acme/world/${things.late.id}`);

    expect(await screen.findByText("It was written, but no event says by whom.", {}, PATIENT)).toBeVisible();
    expect(screen.getByText("Last written")).toBeVisible();
  });

  it("does not say that nobody wrote what was written", async () => {
    visit(`/w/acme/world/${things.late.id}`);

    expect(await screen.findByText("It was written, but no event says by whom.", {}, PATIENT)).toBeVisible();
    expect(screen.getByText("Last written")).toBeVisible();
  });

  it("is shown as another, and parted from it again", async () => {
    const { user } = visit(`/w/acme/world/${things.old.id}`);

    await user.click(await screen.findByRole("button", { name: "Same as…" }, PATIENT));
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    await user.click(within(dialog).getByRole("combobox", { name: "The same as" }));
    await user.click(await within(dialog).findByRole("option", { name: /shop.public.orders \(/ }, PATIENT));
    await user.click(within(dialog).getByRole("button", { name: "Show as one" }));
    expect(await screen.findByRole("heading", { name: "shop.public.orders", level: 1 }, PATIENT)).toBeVisible();
  });
});

describe("the ways from a thing", () => {
  it("lead to all of its kind, and from a deployment to its own page", async () => {
    visit(`/w/acme/world/${things.load.id}`);

    expect(await screen.findByRole("link", { name: "Open the deployment" }, PATIENT)).toHaveAttribute("href", expect.stringMatching(/^\/w\/acme\/deployments\/[\da-f-]{36}$/));
    const crumbs = within(screen.getByRole("navigation", { name: "Where this belongs" }));
    expect(crumbs.getByRole("link", { name: "World" })).toHaveAttribute("href", "/w/acme/world");
    expect(crumbs.getByRole("link", { name: "deployments" })).toHaveAttribute("href", expect.stringContaining("kind=deployment"));
  });
});

describe("the runs that touched a thing", () => {
  it("stand on its page with state, deployment and role, and go on", async () => {
    const { user } = visit(`/w/acme/world/${things.orders.id}`);

    const list = await screen.findByRole("list", { name: "Runs that touched it" }, PATIENT);
    const first = within(list).getAllByRole("listitem")[0] ?? list;
    const [runLink, deploymentLink] = within(first).getAllByRole("link");
    expect(runLink).toHaveAttribute("href", expect.stringMatching(/^\/w\/acme\/runs\/0/));
    expect(deploymentLink).toHaveAttribute("href", expect.stringMatching(/^\/w\/acme\/deployments\/0/));
    expect(first).toHaveTextContent(/^(Running|Completed|Failed|Crashed|Cancelled).*(reads|writes)/);
    expect(within(list).getAllByRole("listitem")).toHaveLength(10);

    await user.click(screen.getByRole("button", { name: "Show more" }));
    await waitFor(() => expect(within(list).getAllByRole("listitem")).toHaveLength(20), PATIENT);
  });

  it("are only those that read it when one asks so, and the address says it", async () => {
    const { user, here } = visit(`/w/acme/world/${things.orders.id}`);
    const list = await screen.findByRole("list", { name: "Runs that touched it" }, PATIENT);

    await user.click(screen.getByRole("radio", { name: "Read" }));

    await waitFor(() => expect(within(list).getAllByRole("listitem").every((row) => row.textContent.includes("reads"))).toBe(true), PATIENT);
    expect(here().search).toEqual({ runs: "reads" });
  });

  it("are told by their ids when they are not kept", async () => {
    server.use(
      http.get("*/world/resources/:id/runs", () =>
        HttpResponse.json({
          items: [{ run_id: "01a204ea-5620-7252-9da9-0b1d2ee35706", run: null, roles: ["writes"], first_seen: "2026-11-02T08:00:00Z", last_seen: "2026-11-02T08:00:00Z", count: 2 }],
          next_cursor: null,
        }),
      ),
    );
    visit(`/w/acme/world/${things.orders.id}`);

    const list = await screen.findByRole("list", { name: "Runs that touched it" }, PATIENT);
    expect(list).toHaveTextContent(/^Not keptrun.*writes2 times/);
    expect(within(list).queryByRole("link")).not.toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Show more" })).not.toBeInTheDocument();
  });

  it("say so when a table has none", async () => {
    visit(`/w/acme/world/${things.old.id}?runs=writes`);
    expect(await screen.findByText("No run was seen writing it in the last 90 days.", {}, PATIENT)).toBeVisible();
  });

  it("have no place on the page of a person whom none touched", async () => {
    visit(`/w/acme/world/${things.maria.id}`);

    expect(await screen.findByRole("list", { name: "Who is affected" }, PATIENT)).toBeVisible();
    expect(screen.queryByRole("heading", { name: "Runs" })).not.toBeInTheDocument();
  });
});

describe("what happened around a run", () => {
  it("ranks it, says why, and who waits for the run", async () => {
    const { user } = visit(`/w/acme/runs/${world.runs[0]?.id ?? ""}`);

    await user.click(await screen.findByRole("tab", { name: "Around it" }, PATIENT));
    const list = await screen.findByRole("list", { name: "What happened around the run" }, PATIENT);
    const [first] = within(list).getAllByRole("listitem");
    expect(first).toHaveTextContent("month was removed");
    expect(first).toHaveTextContent("queries that worked before may fail");
    expect(await screen.findByRole("link", { name: "Sales" }, PATIENT)).toHaveAttribute("href", `/w/acme/world/${things.report.id}`);
    expect(screen.getByRole("link", { name: things.orders.label })).toHaveAttribute("href", `/w/acme/world/${things.orders.id}`);
  });

  it("leads to the event, and keeps in the address how far back one looks", async () => {
    const { user, here } = visit(`/w/acme/runs/${world.runs[0]?.id ?? ""}?tab=around&hours=24`);

    const [, query] = within(await screen.findByRole("list", { name: "What happened around the run" }, PATIENT)).getAllByRole("listitem");
    const link = within(query ?? document.body).getByRole("link", { name: "query.executed" });
    expect(link).toHaveAttribute("href", expect.stringMatching(/^\/w\/acme\/events\?.*q=name%3Aquery\.executed.*event=0/));
    expect(screen.getByRole("radio", { name: "24 h" })).toBeChecked();

    await user.click(screen.getByRole("radio", { name: "6 h" }));
    await waitFor(() => expect(here().search).toEqual({ tab: "around" }), PATIENT);
  });
});
