import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";

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
});
