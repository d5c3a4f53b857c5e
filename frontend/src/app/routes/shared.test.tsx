import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { afterEach, describe, expect, it } from "vitest";

import { makeWorld } from "@/testing/demo/world";
import { DEMO_TOKEN, linkHandlers } from "@/testing/link-handlers";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

afterEach(() => server.events.removeAllListeners());

describe("a dashboard seen by link", () => {
  it("is drawn from one request, and leads nowhere", async () => {
    const asked: string[] = [];
    server.events.on("request:start", ({ request }) => void asked.push(new URL(request.url).pathname));
    visit(`/shared/${DEMO_TOKEN}`);

    expect(await screen.findByRole("heading", { name: "Loads", level: 1 }, PATIENT)).toBeVisible();
    expect(await screen.findByRole("img", { name: /^Rows by table, \d+ lines/ }, PATIENT)).toBeInTheDocument();
    expect(screen.getByRole("region", { name: "Runs that failed" })).toHaveTextContent("Failed");
    expect(screen.queryAllByRole("link")).toEqual([]);
    expect(screen.queryByRole("navigation")).not.toBeInTheDocument();
    expect(asked).toEqual([`/api/v1/shared/${DEMO_TOKEN}`]);
    expect(document.querySelector('meta[name="robots"]')).toHaveAttribute("content", "noindex, nofollow");
  });

  it("says of every other address the same", async () => {
    visit("/shared/hws_wrong");

    expect(await screen.findByRole("heading", { name: "This address shows nothing", level: 1 }, PATIENT)).toBeVisible();
  });

  it("says when it cannot be asked for, and asks again", async () => {
    server.use(http.get("*/api/v1/shared/:token", () => HttpResponse.json({ error: { code: "rate_limited", message: "This is looked at too often.", details: {}, fields: null, retryable: true, request_id: "req_1" } }, { status: 429 })));
    const { user } = visit(`/shared/${DEMO_TOKEN}`);
    await screen.findByText(/looked at too often/, {}, PATIENT);

    server.use(...linkHandlers(makeWorld(Date.now(), "http://here")));
    await user.click(screen.getByRole("button", { name: /again|retry/i }));

    expect(await screen.findByRole("heading", { name: "Loads", level: 1 }, PATIENT)).toBeVisible();
  });
});

describe("sharing a dashboard", () => {
  it("is allowed, done, and taken back", async () => {
    server.use(...linkHandlers(makeWorld(Date.now(), "http://here")));
    const { user } = visit("/w/acme/dashboards/01a1f0aa-0000-7000-8000-0000000000d1?v=table%3Draw.flights");
    const sent: unknown[] = [];
    server.events.on("request:start", ({ request }) => {
      if (request.method === "POST" && request.url.endsWith("/links")) void request.clone().json().then((body) => sent.push(body));
    });

    await user.click(await screen.findByRole("button", { name: "Share" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: /Share Loads/ }, PATIENT);
    expect(within(dialog).queryByRole("button", { name: "Make a link" })).not.toBeInTheDocument();
    await user.click(await within(dialog).findByRole("switch", { name: /seen by link/ }));
    await user.click(await within(dialog).findByRole("button", { name: "Make a link" }, PATIENT));

    expect(await within(dialog).findByText(/\/shared\/hws_demo/, {}, PATIENT)).toBeVisible();
    expect(sent).toEqual([expect.objectContaining({ version: 3, range: "24h", chosen: { table: ["raw.flights"] } })]);
    await user.click(await within(dialog).findByRole("button", { name: "Take back hws_4WB0" }, PATIENT));
    await waitFor(() => expect(within(dialog).queryByText("hws_4WB0…")).not.toBeInTheDocument(), PATIENT);
  });
});
