import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

describe("the storage of a workspace", () => {
  it("says where it goes, and what a shorter time drops before it does", async () => {
    const { user } = visit("/w/acme/settings?tab=storage");
    expect(await screen.findByText(/rows kept, about .* of it points of metrics\./, {}, PATIENT)).toBeVisible();
    expect(screen.getByText("8.7 to 1")).toBeVisible();
    expect(screen.getAllByText("nothing compressed yet")[0]).toBeVisible();
    expect(screen.getByRole("link", { name: /^about [\d,]+$/ })).toHaveAttribute("href", "/w/acme/runs?range=30d");
    const lines = screen.getByText("Log lines").closest("section") ?? document.body;
    expect(within(lines).getByRole("link", { name: /^[\d,]+$/ })).toHaveAttribute("href", "/w/acme/logs?range=30d");

    await user.click(screen.getByRole("button", { name: "Change how long events are kept" }));
    const dialog = await screen.findByRole("dialog", { name: "How long events are kept" }, PATIENT);
    expect(await within(dialog).findByText("Nothing is dropped by it now.", {}, PATIENT)).toBeVisible();
    const days = within(dialog).getByRole("textbox", { name: "Days" });
    await user.clear(days);
    await user.type(days, "7");
    expect(await within(dialog).findByText(/Drops 23 days: [\d,]+ rows, about/, {}, PATIENT)).toBeVisible();
    await user.click(within(dialog).getByRole("button", { name: "Save" }));

    await waitFor(() => expect(screen.getByText("7 days of the plan's 30")).toBeVisible(), PATIENT);
  });

  it("says so where this server does not compress, and while nothing is kept", async () => {
    const kinds = [{ kind: "events", rows: 0, bytes: 0, compression: null, plan_days: 30, own_days: null, kept_days: 30, is_estimate: false, days: [] }];
    server.use(http.get("*/storage", () => HttpResponse.json({ compresses: false, kinds })));
    visit("/w/acme/settings?tab=storage");

    expect(await screen.findByText("Nothing is kept yet.", {}, PATIENT)).toBeVisible();
    expect(screen.getByText("not compressed by this server")).toBeVisible();
  });
});
