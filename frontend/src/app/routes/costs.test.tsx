import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

const NOTHING = { money: [], quantities: [], unpriced: [] };

describe("the costs page", () => {
  it("answers first, says what is not sure, and leads from each amount to what it is made of", async () => {
    const { user } = visit("/w/acme/costs");

    expect(await screen.findByText(/\$42\.12 spent, 91 % of it by summarise\/nightly\./, {}, PATIENT)).toBeVisible();
    expect(screen.getByText(/nobody has said what it costs: in-house-7b/)).toBeVisible();
    expect(screen.getByText(/by example prices that come with Headway/)).toBeVisible();
    const table = screen.getByRole("table", { name: "Costs by deployment" });
    await user.click(within(table).getByRole("link", { name: "$38.12" }));
    const runs = await screen.findByRole("table", { name: "Runs of summarise / nightly" }, PATIENT);
    expect(within(runs).getByText("$12.50")).toBeVisible();
    expect(within(runs).getByText("no price")).toBeVisible();
    expect(screen.getByText(/The dearest 5 of 212 runs\./)).toBeVisible();
    expect(screen.getByRole("link", { name: "All runs that began in these days" })).toHaveAttribute("href", expect.stringContaining("deployment_id="));

    await user.click(screen.getByRole("radio", { name: "Month" }));
    const months = await screen.findByRole("table", { name: "Costs by month" }, PATIENT);
    expect(within(months).getByRole("link", { name: "$4.00" })).toHaveAttribute("href", "/w/acme/costs?from=2026-10-01&to=2026-10-31");
  });

  it("says how things come to be counted while nothing is", async () => {
    server.use(http.get("*/costs", () => HttpResponse.json({ by: "deployment", since: "2026-11-01", until: "2026-11-22", groups: [], truncated: false, total: NOTHING })));
    visit("/w/acme/costs");

    expect(await screen.findByText("Nothing was used in these days", {}, PATIENT)).toBeVisible();
    expect(screen.getByText("Nothing was spent.")).toBeVisible();
  });

  it("shows what went wrong with the id of the request", async () => {
    server.use(http.get("*/costs", () => HttpResponse.json({ error: { code: "internal", message: "Broken.", details: {}, fields: null, retryable: false, request_id: "req_7" } }, { status: 500 })));
    visit("/w/acme/costs");

    expect(await screen.findByText(/req_7/, {}, PATIENT)).toBeVisible();
  });

  it("sets a budget of a model after showing what it would have meant", async () => {
    const sent: unknown[] = [];
    server.events.on("request:start", ({ request }) => {
      if (request.method === "POST" && request.url.endsWith("/budgets")) void request.clone().json().then((body) => sent.push(body));
    });
    const { user } = visit("/w/acme/costs");
    await user.click(await screen.findByRole("button", { name: "Set a budget" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Set a budget" }, PATIENT);
    await user.type(within(dialog).getByRole("textbox", { name: "Name" }), "loads");
    await user.type(within(dialog).getByRole("textbox", { name: "A month may cost" }), "45");
    expect(await within(dialog).findByText("In the last 3 months it would have been reached on 19 September and on 19 October. This month so far: $42.12.", {}, PATIENT)).toBeVisible();
    await user.click(within(dialog).getByRole("radio", { name: "Model" }));
    await user.type(within(dialog).getByRole("combobox", { name: "Model" }), "gpt-4o");
    await user.click(within(dialog).getByRole("button", { name: "Set budget" }));

    await waitFor(() => expect(sent).toEqual([{ name: "loads", amount: "45", currency: "USD", deployment_id: null, team_id: null, model: "gpt-4o", channel_id: null }]), PATIENT);
    expect(screen.getByRole("link", { name: "an automation on what is spent" })).toHaveAttribute("href", expect.stringContaining("metric=headway.cost"));
    server.events.removeAllListeners();
  });

  it("sets a budget and removes it", async () => {
    const { user } = visit("/w/acme/costs");
    await user.click(await screen.findByRole("button", { name: "Set a budget" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Set a budget" }, PATIENT);
    await user.type(within(dialog).getByRole("textbox", { name: "Name" }), "queries");
    await user.type(within(dialog).getByRole("textbox", { name: "A month may cost" }), "20");
    await user.click(within(dialog).getByRole("button", { name: "Set budget" }));
    expect(await screen.findByText(/\$0\.00 of \$20\.00/, {}, PATIENT)).toBeVisible();

    await user.click(screen.getByRole("button", { name: "Remove queries" }));
    await user.click(await screen.findByRole("button", { name: "Remove budget" }, PATIENT));
    await waitFor(() => expect(screen.queryByText(/\$0\.00 of \$20\.00/)).not.toBeInTheDocument(), PATIENT);
  });
});

describe("prices", () => {
  it("are said after an example, changed and removed; a refusal is shown", async () => {
    const { user } = visit("/w/acme/settings?tab=prices");
    await user.click(await screen.findByRole("button", { name: /Say your own of gpt-4o\*/ }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Add a price" }, PATIENT);
    const of = within(dialog).getByRole("textbox", { name: "Of" });
    expect(of).toHaveValue("gpt-4o*");
    await user.clear(of);
    await user.type(of, "taken");
    await user.click(within(dialog).getByRole("button", { name: "Add price" }));
    expect(await within(dialog).findByText(/already: change that one/, {}, PATIENT)).toBeVisible();
    await user.clear(of);
    await user.type(of, "acme-*");
    await user.click(within(dialog).getByRole("button", { name: "Add price" }));

    const own = await screen.findByRole("table", { name: "Your prices" }, PATIENT);
    await waitFor(() => expect(within(own).getByText("acme-*")).toBeVisible(), PATIENT);
    await user.click(screen.getByRole("button", { name: /Remove acme-\*/ }));
    await user.click(await screen.findByRole("button", { name: "Remove price" }, PATIENT));
    await waitFor(() => expect(screen.queryByText("acme-*")).not.toBeInTheDocument(), PATIENT);
  });
});

describe("a run", () => {
  it("says in its header what it cost, and below what that is made of", async () => {
    visit(`/w/acme/runs/${world.runs[0]?.id ?? ""}`);

    const link = await screen.findByRole("link", { name: /\$0\.08 and more/ }, PATIENT);
    expect(link).toHaveAttribute("href", "#cost-of-run");
    const table = await screen.findByRole("table", { name: "What the run used" }, PATIENT);
    expect(table).toHaveTextContent("32,480 input tokens");
    expect(table).toHaveTextContent("unknown");
    expect(table).toHaveTextContent("free");
  });
});
