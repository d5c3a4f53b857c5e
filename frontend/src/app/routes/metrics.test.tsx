import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

describe("metrics", () => {
  it("writes a metric query into the address", async () => {
    const { user, here } = visit("/w/acme/metrics");

    await user.click(await screen.findByRole("button", { name: /rows_loaded/ }, PATIENT));

    expect(await screen.findByRole("group", { name: "Query A" }, PATIENT)).toBeVisible();
    expect(new URLSearchParams(here().searchStr).get("q")).toBe("sum(rows_loaded)");
    expect(await screen.findByRole("img", { name: /gaps are times without points/ }, PATIENT)).toBeInTheDocument();
    expect(screen.getByText(/the last step goes on/)).toBeVisible();
  });

  it("shows all metrics at a glance, asked for in one request", async () => {
    const asked: { queries: { name: string; aggregate: string }[]; step_seconds: number }[] = [];
    server.events.on("request:start", ({ request }) => {
      if (request.url.endsWith("/metrics/query")) void request.clone().json().then((body) => asked.push(body as (typeof asked)[number]));
    });
    const { user, here } = visit("/w/acme/metrics?range=7d");

    const card = await screen.findByRole("button", { name: /rows_loaded .*rows.* from .* to .* sum per 3h/ }, PATIENT);
    expect(card).toBeVisible();
    expect(screen.getByRole("button", { name: /process\.memory .*MiB.* avg per 3h/ })).toBeVisible();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.step_seconds).toBe(10_800);
    expect(asked[0]?.queries).toContainEqual({ name: "query_duration", aggregate: "avg" });

    await user.keyboard("jj{Enter}");
    await waitFor(() => expect(here().search).toMatchObject({ q: "avg(departure_delay)" }));
    server.events.removeAllListeners();
  });

  it("says that a metric was silent, and keeps metrics in reach when their lines fail", async () => {
    server.use(http.post("*/metrics/query", () => refusal(500, "internal", "Something went wrong on our side."), { once: true }));
    const { user } = visit("/w/acme/metrics");

    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("req_01J9ZK4T8Q");
    expect(screen.getByRole("button", { name: /rows_loaded Not loaded/ })).toBeVisible();
    server.use(http.post("*/metrics/query", () => HttpResponse.json({ step_seconds: 3600, rollup: "1h", results: [] })));
    await user.click(screen.getByRole("button", { name: "Try again" }));

    expect(await screen.findByRole("button", { name: /rows_loaded No points in this range/ }, PATIENT)).toBeVisible();
  });
});
