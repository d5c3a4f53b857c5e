import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { FakeEventSource } from "@/testing/event-source";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

const BAR = "Filter events";
const bar = () => screen.getByRole<HTMLInputElement>("combobox", { name: BAR });
const feed = () => screen.findByRole("feed", {}, PATIENT);

describe("the query bar", () => {
  it("filters the feed, and an event opens", async () => {
    const { user, here } = visit("/w/acme/events");
    const list = await feed();

    await user.type(bar(), "name:table.* payload.rows:>0{Enter}");
    await waitFor(() => expect(here().search).toMatchObject({ q: "name:table.* payload.rows:>0" }));
    await waitFor(() => expect(within(list).queryByText("query.finished")).not.toBeInTheDocument(), PATIENT);
    const [first] = within(list).getAllByRole("button", { name: /table\.updated/ });
    if (first === undefined) throw new Error("the feed is empty");
    await user.click(first);

    expect(await screen.findByRole("group", { name: "payload" })).toHaveTextContent('mode: "append"');
  });

  it("completes keys and what was seen", async () => {
    const { user, here } = visit("/w/acme/events");
    await feed();
    const typed = bar();

    await user.type(typed, "-name:table");
    await user.click(await screen.findByRole("option", { name: "name:table.updated" }));
    expect(typed).toHaveValue("-name:table.updated");
    await user.type(typed, "{Enter}");

    await waitFor(() => expect(here().search).toMatchObject({ q: "-name:table.updated" }));
  });

  it("shows where a search can't be read", async () => {
    visit("/w/acme/events?q=late+nam:x");

    expect(await screen.findByText(/There is no filter “nam”/, {}, PATIENT)).toBeVisible();
    expect(screen.getByText("nam", { selector: "mark" })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Try again" })).not.toBeInTheDocument();
    expect(within(screen.getByRole("complementary", { name: "Event names" })).queryByRole("heading")).toBeNull();
  });

  it("takes a name out of the side into the search, and back out", async () => {
    const { user, here } = visit("/w/acme/events?q=flights");
    const names = await screen.findByRole("complementary", { name: "Event names" }, PATIENT);

    await user.click(await within(names).findByRole("button", { name: /query\.finished/ }, PATIENT));
    await waitFor(() => expect(here().search).toMatchObject({ q: "flights name:query.finished" }));
    await user.click(await within(names).findByRole("button", { name: /query\.finished/, pressed: true }, PATIENT));

    await waitFor(() => expect(here().search).toMatchObject({ q: "flights" }));
  });

  it("reads addresses from before there was a language", async () => {
    visit("/w/acme/events?name=table.*&resource_kind=table");

    expect(await screen.findByRole("combobox", { name: BAR }, PATIENT)).toHaveValue("name:table.* kind:table");
  });
});

it("makes an automation of the filter, and says what a trigger can't ask", async () => {
  const { user, here } = visit("/w/acme/events?q=name:table.*+-source:sdk+late");

  await user.click(await screen.findByRole("link", { name: "Make an automation from this filter" }, PATIENT));

  expect(await screen.findByRole("heading", { name: "New automation" }, PATIENT)).toBeVisible();
  expect(here().search).toMatchObject({ match: ["name:table.*", "source:!sdk"], left: "late" });
  expect(screen.getByText(/Left out:/)).toHaveTextContent("Left out: late");
  expect(screen.getByText("table.*")).toBeVisible();
  expect(screen.getByText("!sdk")).toBeVisible();
});

it("exports what the filter finds, in any format", async () => {
  const { user } = visit("/w/acme/events?range=30d&q=name:table.*");
  await feed();
  await user.click(screen.getByRole("button", { name: "Export" }));

  for (const format of ["ndjson", "csv", "parquet"]) {
    const link = await screen.findByRole("menuitem", { name: new RegExp(`^${format}`, "i") });
    expect(link).toHaveAttribute("href", expect.stringMatching(new RegExp(`/events/export\\?q=name%3Atable\\.(\\*|%2A)&from=.+&to=.+&format=${format}$`)));
  }
  expect(screen.getByText("What the filter finds, up to 200,000 events")).toBeVisible();
});

it("exports nothing of a filter that can't be read", async () => {
  visit("/w/acme/events?q=nam:x");

  await screen.findByText("nam", { selector: "mark" }, PATIENT);
  expect(screen.getByRole("button", { name: "Export" })).toBeDisabled();
});

it("says that an export of many more is cut", async () => {
  server.use(
    http.get("*/api/v1/workspaces/:workspace/events/histogram", () =>
      HttpResponse.json({
        step_seconds: 3600,
        buckets: [{ at: new Date().toISOString(), count: 1_234_567, is_estimate: false, low: 1_234_567, high: 1_234_567 }],
        names: [],
        counted_from: null,
        sample: null,
      }),
    ),
  );
  const { user } = visit("/w/acme/events");
  await screen.findByText("1,234,567 events", {}, PATIENT);
  await user.click(screen.getByRole("button", { name: "Export" }));

  expect(await screen.findByText("The newest 200,000 of 1,234,567 events")).toBeVisible();
});

it("says how far it looked and goes on when asked", async () => {
  const { user } = visit("/w/acme/events?q=-payload.x:1&range=7d");

  expect(await screen.findByText(/^At least/, {}, PATIENT)).toBeVisible();
  expect(screen.getByText(/^Counted back to/)).toBeVisible();
  expect(await screen.findByText(/^100 events so far/, {}, PATIENT)).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Look further back" }));

  expect(await screen.findByText(/^200 events so far/, {}, PATIENT)).toBeInTheDocument();
});

describe("a histogram of too many events", () => {
  const estimatedAt = "/w/acme/events?q=payload.rows:>0&range=7d";

  it("says that it is estimated, from what, and what it may have missed", async () => {
    visit(estimatedAt);

    expect(await screen.findByText(/^Hatched bars are estimated from 20,000 of their 50,000,000 events; all bars hold .+ to .+\./, {}, PATIENT)).toBeVisible();
    expect(screen.getByText(/Things rarer than about 1 in 1,000 may not show\./)).toBeVisible();
    expect(screen.getByText(/^About .+ events$/, { selector: "strong" })).toBeVisible();
    expect(screen.getByRole("figure", { name: /^About .+ events over time/ })).toBeInTheDocument();
    const names = screen.getByRole("complementary", { name: "Event names" });
    expect(within(names).getAllByTitle("Estimated")[0]).toHaveTextContent(/^≈ \d\.?\d?0*[KM]?$/);
  });

  it("marks the estimated bars, not the counted ones, and says how far off one may be", async () => {
    const { user } = visit(estimatedAt);
    const chart = await screen.findByRole("figure", { name: /^About/ }, PATIENT);
    const bars = [...chart.querySelectorAll("svg > rect")];

    expect(bars.filter((bar) => bar.hasAttribute("mask")).length).toBeGreaterThan(0);
    expect(bars.filter((bar) => !bar.hasAttribute("mask")).length).toBeGreaterThan(0);
    const plot = chart.querySelector("[data-selectable]");
    if (plot === null) throw new Error("there is no plot");
    await user.pointer({ target: plot, coords: { clientX: 0, clientY: 0 } });

    expect(await within(chart).findByText(/^(About|None seen)/)).toHaveTextContent(/\((up to [\d,]+|[\d,]+–[\d,]+)\)$/);
  });

  it("counts exactly when asked, keeps that in the address, and goes back", async () => {
    const { user, here } = visit(estimatedAt);
    await user.click(await screen.findByRole("button", { name: "Count exactly" }, PATIENT));

    expect(await screen.findByText(/^Every event was counted\./, {}, PATIENT)).toBeVisible();
    expect(here().search).toMatchObject({ exact: "true" });
    expect(screen.getByRole("figure", { name: /^[\d,]+ events over time/ })).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Estimate" }));

    expect(await screen.findByText(/^Hatched bars/, {}, PATIENT)).toBeVisible();
    expect(here().search).not.toHaveProperty("exact");
  });

  it("estimates again when something else is asked", async () => {
    const { user, here } = visit(`${estimatedAt}&exact=true`);
    await screen.findByText(/^Every event was counted\./, {}, PATIENT);

    await user.clear(bar());
    await user.type(bar(), "payload.rows:>1{Enter}");

    expect(await screen.findByText(/^Hatched bars/, {}, PATIENT)).toBeVisible();
    expect(here().search).not.toHaveProperty("exact");
  });
});

it("opens what is known of a resource, and asks for its events", async () => {
  const { user, here } = visit("/w/acme/events?q=name:query.finished");
  const list = await feed();
  const [first] = within(list).getAllByRole("button", { name: /query\.finished/ });
  if (first === undefined) throw new Error("the feed is empty");
  await user.click(first);
  await user.click(within(await screen.findByRole("group", { name: "Resources" })).getByRole("button", { name: /^by user/ }));
  const drawer = await screen.findByRole("dialog");

  await user.click(within(drawer).getByRole("button", { name: "Events it took part in" }));

  await waitFor(() => expect(here().search).toMatchObject({ q: expect.stringMatching(/^related\.kind:user related:/) as string }));
  expect(here().search).not.toHaveProperty("about_name");
});

it("knows a resource by its name in the world, not what only has that name in its own", async () => {
  visit("/w/acme/events?about_kind=view&about_name=orders");
  const drawer = await screen.findByRole("dialog", {}, PATIENT);

  const known = within(await within(drawer).findByRole("list", { name: "In the world" }, PATIENT)).getAllByRole("link");

  expect(known.map((each) => each.textContent)).toEqual(["shop.raw.orders", "shop.public.orders"]);
});

it("leads from a run to its page: the world has none", async () => {
  visit("/w/acme/events?about_kind=run&about_name=01940000-0000-7000-8000-000000000001");
  const drawer = await screen.findByRole("dialog", {}, PATIENT);

  expect(within(drawer).getByRole("link", { name: "Open the run" })).toHaveAttribute("href", "/w/acme/runs/01940000-0000-7000-8000-000000000001");
  expect(within(drawer).queryByText(/doesn.t know it/)).toBeNull();
});

describe("the live tail", () => {
  const listening = () => waitFor(() => expect(FakeEventSource.send("/streams/events", "ping", {})).toBe(1), PATIENT);

  it("asks the server for what the feed asks for, and says what part it shows", async () => {
    const [like] = world.events;
    if (like === undefined) throw new Error("the demo has events");
    const { user } = visit("/w/acme/events?q=name:table.*");
    await feed();
    await user.click(screen.getByRole("button", { name: "Live tail" }));
    await listening();

    for (let each = 0; each < 20; each += 1) {
      FakeEventSource.send("/streams/events", "event", { ...like, id: `live-${each}`, name: "table.live", occurred_at: new Date().toISOString() });
    }
    FakeEventSource.send("/streams/events", "sampled", { shown: 20, total: 100 });

    expect(await screen.findByText(/10\/s · 1 of 5(\.0)? shown/, {}, PATIENT)).toBeVisible();
    expect(FakeEventSource.urls.some((url) => url.includes("q=name%3Atable.*"))).toBe(true);
  });

  it("says when it can't keep up", async () => {
    const { user } = visit("/w/acme/events?q=payload.rows:>1");
    await feed();
    await user.click(screen.getByRole("button", { name: "Live tail" }));
    await listening();
    expect(screen.queryByText(/events are missing/)).not.toBeInTheDocument();

    FakeEventSource.send("/streams/events", "behind", { looks_back_seconds: 0.5 });

    expect(await screen.findByText(/events are missing/, {}, PATIENT)).toBeVisible();
  });

  it("forgets what answered the last question", async () => {
    const [like] = world.events;
    if (like === undefined) throw new Error("the demo has events");
    server.use(http.get("*/api/v1/workspaces/:workspace/events", () => HttpResponse.json({ items: [], next_cursor: null, searched_to: null })));
    const { user } = visit("/w/acme/events");
    await user.click(await screen.findByRole("button", { name: "Live tail" }, PATIENT));
    await listening();
    FakeEventSource.send("/streams/events", "event", { ...like, id: "live-1", name: "came.now", occurred_at: new Date().toISOString() });
    expect(await screen.findByText("came.now", {}, PATIENT)).toBeVisible();

    await user.type(bar(), "name:other{Enter}");

    await waitFor(() => expect(screen.queryByText("came.now")).not.toBeInTheDocument(), PATIENT);
  });
});
