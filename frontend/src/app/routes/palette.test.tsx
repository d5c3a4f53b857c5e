import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";

describe("the palette", () => {
  it("goes to a page, finds a deployment and offers to run it", async () => {
    const { user, here } = visit("/w/acme");
    await screen.findByRole("heading", { name: "Home" }, PATIENT);

    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox", { name: "Search or jump to" }), "load_flights");
    await user.click(await screen.findByRole("option", { name: /Run load_flights \/ hourly now/ }, PATIENT));

    await waitFor(() => expect(here().search).toMatchObject({ run: "now" }), PATIENT);
    expect(await screen.findByRole("dialog", {}, PATIENT)).toBeVisible();
  });

  it("opens the help with a question mark, but not while somebody types", async () => {
    const { user } = visit("/w/acme/runs");
    await user.type(await screen.findByLabelText("Search runs", {}, PATIENT), "?");
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();

    await user.tab();
    await user.keyboard("?");

    expect(await screen.findByRole("dialog", { name: "Keyboard" })).toBeVisible();
  });
});
