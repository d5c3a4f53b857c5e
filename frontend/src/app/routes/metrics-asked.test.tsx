import { screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";

import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

const Q = "q=sum(rows_loaded)&q=avg(query_duration)";

interface Sent {
  readonly queries?: readonly { readonly letter: string; readonly hidden: boolean }[];
  readonly formulas?: readonly unknown[];
  readonly compare_seconds?: number;
  readonly charts?: readonly unknown[];
}

/** What is asked of the server, by the end of its address. */
function sentTo(path: string): Sent[] {
  const sent: Sent[] = [];
  server.events.on("request:start", ({ request }) => {
    if (request.url.endsWith(path)) void request.clone().json().then((body) => sent.push(body as Sent));
  });
  return sent;
}

afterEach(() => server.events.removeAllListeners());

describe("what a page of metrics asks", () => {
  it("computes a formula, and keeps it in the address", async () => {
    const sent = sentTo("/metrics/query");
    const { user, here } = visit(`/w/acme/metrics?${Q}`);

    await user.click(await screen.findByRole("button", { name: "Add a formula" }, PATIENT));

    expect(await screen.findByRole("textbox", { name: "Expression of formula C" }, PATIENT)).toHaveValue("A / B");
    expect(here().search).toMatchObject({ q: ["sum(rows_loaded)", "avg(query_duration)", "= A / B"] });
    expect(await screen.findByRole("img", { name: /^A \/ B, 1 line/ }, PATIENT)).toBeInTheDocument();
    expect(sent.at(-1)?.formulas).toEqual([{ expression: "A / B", letter: "C", limit: 20 }]);
  });

  it("says of a formula in what it is counted, and which units do not belong together", async () => {
    visit("/w/acme/metrics?q=sum(process.memory)&q=avg(query_duration)&q=%3D%20A%20%2B%20B");

    expect(await screen.findByText(/bytes and ms together/, {}, PATIENT)).toBeVisible();
  });

  it("takes a value that is not listed, whatever signs it holds", async () => {
    const sent = sentTo("/metrics/query");
    const { user, here } = visit("/w/acme/metrics?q=sum(rows_loaded)");

    await user.type(await screen.findByRole("combobox", { name: "Filter query A" }, PATIENT), "table=/users/{{id},x");
    await user.click(await screen.findByRole("option", { name: "table=/users/{id},x" }));

    await waitFor(() => expect(here().search).toMatchObject({ q: 'sum(rows_loaded){table="/users/{id},x"}' }));
    await waitFor(() => expect(sent.at(-1)?.queries?.[0]).toMatchObject({ name: "rows_loaded", where: { table: ["/users/{id},x"] } }));
  });

  it("leads from a query to an alert of it", async () => {
    visit(`/w/acme/metrics?q=${encodeURIComponent("sum(rows_loaded){table=flights} by table")}`);

    const link = await screen.findByRole("link", { name: "Make an alert of this" }, PATIENT);

    const to = new URL(link.getAttribute("href") ?? "", "http://here");
    expect(to.pathname).toBe("/w/acme/automations/new");
    expect([...to.searchParams.keys()].sort()).toEqual(["aggregate", "by", "metric", "where"]);
    expect(to.searchParams.get("metric")).toBe("rows_loaded");
    expect(to.searchParams.get("where")).toContain("table=flights");
  });

  it("adds what it shows to a dashboard, below what that has", async () => {
    const saved: { panels: readonly { kind: string; y: number; h: number; title?: string; compare_seconds?: number; queries?: readonly { letter: string }[] }[] }[] = [];
    server.events.on("request:start", ({ request }) => {
      if (request.method === "PATCH") void request.clone().json().then((body) => saved.push(body as (typeof saved)[number]));
    });
    const { user } = visit(`/w/acme/metrics?${Q}&compare=1w`);

    await user.click(await screen.findByRole("button", { name: "Add to dashboard" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Add to a dashboard" }, PATIENT);
    await user.type(within(dialog).getByLabelText("Title"), "Loads");
    await waitFor(() => expect(within(dialog).getByRole("button", { name: "Add" })).toHaveAttribute("aria-disabled", "false"), PATIENT);
    await user.click(within(dialog).getByRole("button", { name: "Add" }));

    await waitFor(() => expect(saved).toHaveLength(1), PATIENT);
    expect(await screen.findByText(/^Added to /)).toBeInTheDocument();
    const panels = saved[0]?.panels ?? [];
    const added = panels.at(-1);
    expect(added).toMatchObject({ kind: "chart", title: "Loads", compare_seconds: 604_800 });
    expect(added?.queries?.map(({ letter }) => letter)).toEqual(["A", "B"]);
    expect(added?.y).toBe(Math.max(...panels.slice(0, -1).map(({ y, h }) => y + h)));
  });

  it("adds each heat map that it shows, side by side", async () => {
    const saved: { panels: readonly unknown[] }[] = [];
    server.events.on("request:start", ({ request }) => {
      if (request.method === "PATCH") void request.clone().json().then((body) => saved.push(body as (typeof saved)[number]));
    });
    const { user } = visit(`/w/acme/metrics?${Q}&view=heat`);

    await user.click(await screen.findByRole("button", { name: "Add to dashboard" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Add to a dashboard" }, PATIENT);
    expect(within(dialog).getByText("2 panels, one for each query.")).toBeVisible();
    await waitFor(() => expect(within(dialog).getByRole("button", { name: "Add" })).toHaveAttribute("aria-disabled", "false"), PATIENT);
    await user.click(within(dialog).getByRole("button", { name: "Add" }));

    await waitFor(() => expect(saved).toHaveLength(1), PATIENT);
    expect(saved[0]?.panels.slice(-2)).toMatchObject([
      { kind: "heat_map", x: 0, name: "rows_loaded" },
      { kind: "heat_map", x: 6, name: "query_duration" },
    ]);
  });

  it("says at the formula what is wrong with it", async () => {
    const { user } = visit(`/w/acme/metrics?${Q}&q=${encodeURIComponent("= A / B")}`);
    const box = await screen.findByRole("textbox", { name: "Expression of formula C" }, PATIENT);

    await user.clear(box);
    await user.type(box, "A /{Enter}");

    expect(box).toHaveFocus();
    expect(await screen.findByText(/It ends where/, { selector: "[class*=error]" }, PATIENT)).toBeVisible();
  });

  it("hides a query that is there for formulas only, and gives letters anew when one goes", async () => {
    const sent = sentTo("/metrics/query");
    const { user, here } = visit(`/w/acme/metrics?${Q}&q=${encodeURIComponent("= A / B")}`);

    await user.click(await screen.findByRole("button", { name: "Chart of query B" }, PATIENT));
    await waitFor(() => expect(here().search).toMatchObject({ q: ["sum(rows_loaded)", "avg(query_duration) hidden", "= A / B"] }));
    await waitFor(() => expect(sent.at(-1)?.queries?.map(({ hidden }) => hidden)).toEqual([false, true]));

    await user.click(screen.getByRole("button", { name: "Remove query A" }));
    await waitFor(() => expect(here().search).toMatchObject({ q: ["avg(query_duration) hidden", "= Z / A"] }));
  });

  it("lays last week under this one", async () => {
    const sent = sentTo("/metrics/query");
    visit(`/w/acme/metrics?q=sum(rows_loaded)&compare=1w`);

    const values = await screen.findByRole("region", { name: "Values of sum(rows_loaded)" }, PATIENT);

    expect(within(values).getByRole("cell", { name: "sum(rows_loaded), a week before" })).toBeVisible();
    expect(sent.at(-1)?.compare_seconds).toBe(604_800);
  });

  it("marks events, and leads to the list of them", async () => {
    visit(`/w/acme/metrics?q=sum(rows_loaded)&events=query.*&range=24h`);

    const link = await screen.findByRole("link", { name: /\d+ events?$/ }, PATIENT);

    expect(link).toHaveAttribute("href", expect.stringContaining("/w/acme/events?q=name%3Aquery.*&range=24h"));
  });

  it.each([
    ["bands", /Percentiles of rows_loaded/],
    ["heat", /Heat map of rows_loaded: [\d,]+ values/],
  ])("draws values as %s", async (view, name) => {
    const sent = sentTo("/metrics/charts");
    visit(`/w/acme/metrics?q=sum(rows_loaded)&view=${view}`);

    expect(await screen.findByRole("img", { name }, PATIENT)).toBeInTheDocument();
    expect(sent).toHaveLength(1);
  });
});
