import { screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

const WEBHOOKS = "/w/acme/settings?tab=webhooks";

describe("webhooks", () => {
  it("tells what came, what was refused and why", async () => {
    visit(WEBHOOKS);

    const row = await screen.findByRole("listitem", { name: "warehouse repo" }, PATIENT);
    expect(row).toHaveTextContent("GitHub");
    expect(row).toHaveTextContent("1,204 deliveries");
    expect(row).toHaveTextContent("3 refused");
    // Before the address, whose end is cut where there is no room.
    expect(screen.getByRole("listitem", { name: "orders" })).toHaveTextContent(/by a template · not signed · http/);
    const refused = await screen.findByRole("list", { name: "Refused deliveries" }, PATIENT);
    expect(refused).toHaveTextContent("bad_signature");
    expect(refused).toHaveTextContent("The signature is not this webhook's.");
  });

  it("shows a new one’s address and drawn secret once", async () => {
    const { user } = visit(WEBHOOKS);

    await user.click(await screen.findByRole("button", { name: "Add webhook" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByRole("button", { name: "Add webhook" })).toHaveAccessibleDescription("Give it a name.");
    await user.type(within(dialog).getByLabelText("Name"), "dags");
    await user.click(within(dialog).getByRole("button", { name: "Add webhook" }));

    expect(await screen.findByText(/\/hooks\/hwh_x7Yz/, {}, PATIENT)).toBeVisible();
    expect(screen.getByText("drawn-secret")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "I have copied it" }));
    await waitFor(() => expect(screen.queryByText(/hwh_x7Yz/)).not.toBeInTheDocument());
    expect(await screen.findByRole("listitem", { name: "dags" })).toBeVisible();
  });

  it("brings a refusal to its field", async () => {
    const { user } = visit(WEBHOOKS);

    await user.click(await screen.findByRole("button", { name: "Add webhook" }, PATIENT));
    const name = await screen.findByLabelText("Name");
    await user.type(name, "orders{Enter}");

    await waitFor(() => expect(name).toHaveAccessibleDescription("Taken by another webhook."), PATIENT);
  });

  it("tries a template on a sample", async () => {
    const { user } = visit(WEBHOOKS);

    await user.click(await screen.findByRole("button", { name: "Change orders" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("button", { name: "Try it" }));
    await waitFor(() => expect(within(dialog).getByRole("status")).toHaveTextContent("1 event would be stored."), PATIENT);
    expect(dialog).toHaveTextContent("order.paid");

    const template = within(dialog).getByLabelText("Template");
    await user.clear(template);
    await user.type(template, "nobody");
    await user.click(within(dialog).getByRole("button", { name: "Try it" }));
    await waitFor(() => expect(template).toHaveAccessibleDescription(/there is no 'nobody' here/), PATIENT);
  });

  it("switches off, makes another address, deletes", async () => {
    const { user } = visit(WEBHOOKS);
    const row = await screen.findByRole("listitem", { name: "orders" }, PATIENT);

    await user.click(within(row).getByRole("switch", { name: "orders takes deliveries" }));
    await waitFor(() => expect(within(row).getByRole("switch")).not.toBeChecked(), PATIENT);

    await user.click(within(row).getByRole("button", { name: "New address for orders" }));
    await user.click(await screen.findByRole("button", { name: "Make a new address" }));
    expect(await screen.findByText(/hwh_x7Yz/, {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "I have copied it" }));

    await user.click(within(row).getByRole("button", { name: "Delete orders" }));
    await user.click(await screen.findByRole("button", { name: "Delete webhook" }));
    await waitFor(() => expect(screen.queryByRole("listitem", { name: "orders" })).not.toBeInTheDocument(), PATIENT);
  });

  it("tells a viewer why nothing can be changed", async () => {
    asViewer();
    visit(WEBHOOKS);

    const add = await screen.findByRole("button", { name: "Add webhook" }, PATIENT);
    expect(add).toHaveAccessibleDescription(/needs the scope telemetry:manage/);
    expect(screen.getByRole("button", { name: "Delete warehouse repo" })).toHaveAccessibleDescription(/telemetry:manage/);
    expect(screen.getByRole("switch", { name: "warehouse repo takes deliveries" })).toHaveAccessibleDescription(/telemetry:manage/);
  });

  it("says that there are none, and that reading failed", async () => {
    server.use(http.get("*/webhooks", () => refusal(500, "internal", "Something went wrong on our side.")));
    visit(WEBHOOKS);

    expect(await screen.findByText("Loading the webhooks didn’t work", {}, PATIENT)).toBeVisible();
  });

  it("says what they are for where there are none", async () => {
    visit("/w/fresh/settings?tab=webhooks");

    expect(await screen.findByText("No webhooks yet", {}, PATIENT)).toBeVisible();
  });
});
