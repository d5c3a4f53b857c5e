import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

describe("API keys", () => {
  it("binds an agents’ key to a pool", async () => {
    const { user } = visit("/w/acme/settings?tab=keys");

    await user.click(await screen.findByRole("button", { name: "Create key" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    await user.type(within(dialog).getByLabelText("Name"), "agent ams");
    expect(within(dialog).queryByLabelText("Pool")).not.toBeInTheDocument();
    await user.click(within(dialog).getByRole("combobox", { name: "May" }));
    await user.click(await screen.findByRole("option", { name: "Agent" }));
    await user.type(within(dialog).getByLabelText("Pool"), "ams");
    await user.click(within(dialog).getByRole("button", { name: "Create key" }));
    await user.click(await screen.findByRole("button", { name: "I have copied it" }, PATIENT));

    expect(await screen.findByRole("row", { name: /agent ams/ }, PATIENT)).toHaveTextContent("pool ams only");
  });

  it("of somebody else may be revoked, not replaced", async () => {
    const theirs = world.keys.map((key) => ({ ...key, created_by: { id: "u2", name: "Bo", email: "bo@example.com" } }));
    server.use(http.get("*/api/v1/workspaces/:workspace/api-keys", () => HttpResponse.json({ items: theirs, next_cursor: null })));
    visit("/w/acme/settings?tab=keys");

    const row = await screen.findByRole("row", { name: /notebook/ }, PATIENT);
    expect(within(row).getByRole("button", { name: "Rotate" })).toHaveAccessibleDescription("Only its owner may replace a personal key. It can be revoked.");
    expect(within(row).getByRole("button", { name: "Revoke" })).toHaveAttribute("aria-disabled", "false");
    const machine = screen.getByRole("row", { name: /ci deploys/ });
    expect(within(machine).getByRole("button", { name: "Rotate" })).toHaveAttribute("aria-disabled", "false");
  });
});
