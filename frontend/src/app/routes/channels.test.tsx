import { screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

const CHANNELS = "/w/acme/settings?tab=channels";

describe("channels", () => {
  it("shows a webhook’s drawn secret once", async () => {
    const { user } = visit(CHANNELS);

    await user.click(await screen.findByRole("button", { name: "Add channel" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("radio", { name: "Webhook" }));
    await user.type(within(dialog).getByLabelText("Name"), "warehouse");
    await user.type(within(dialog).getByLabelText("Address"), "https://hooks.example.com/secret-path");
    await user.click(within(dialog).getByRole("button", { name: "Add channel" }));

    expect(await screen.findByText(/^whsec_/, {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "I have copied it" }));
    await waitFor(() => expect(screen.queryByText(/^whsec_/)).not.toBeInTheDocument());
    const row = await screen.findByRole("listitem", { name: "warehouse" });
    expect(row).toHaveTextContent("Webhook · https://hooks.example.com/…");
    expect(row).not.toHaveTextContent("secret-path");
  });

  it("brings each refusal to its field", async () => {
    const { user } = visit(CHANNELS);

    await user.click(await screen.findByRole("button", { name: "Add channel" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    const add = within(dialog).getByRole("button", { name: "Add channel" });
    expect(add).toHaveAccessibleDescription("Give it a name.");
    await user.type(within(dialog).getByLabelText("Name"), "strangers");
    const to = within(dialog).getByPlaceholderText("ada@example.com");
    await user.type(to, "eve@elsewhere.example{Enter}");
    await user.click(add);

    await waitFor(() => expect(to).toHaveAccessibleDescription(/eve@elsewhere.example is not a confirmed address/), PATIENT);
    await user.click(within(dialog).getByRole("radio", { name: "Slack" }));
    await user.type(within(dialog).getByLabelText("Address"), "ftp://chat");
    await user.click(add);
    await waitFor(() => expect(within(dialog).getByLabelText("Address")).toHaveAccessibleDescription(/Must begin with https/), PATIENT);
  });

  it("renames without asking for the address again", async () => {
    const { user } = visit(CHANNELS);

    await user.click(await screen.findByRole("button", { name: "Change pager" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByLabelText("Address")).toHaveValue("");
    await user.type(within(dialog).getByLabelText("Name"), " duty{Enter}");

    const row = await screen.findByRole("listitem", { name: "pager duty" }, PATIENT);
    expect(row).toHaveTextContent("https://pager.example.com/…");
  });

  it("shows what was sent, why, and what became of it", async () => {
    const { user, here } = visit(CHANNELS);
    const slack = await screen.findByRole("listitem", { name: "#data" }, PATIENT);

    await user.click(within(slack).getByRole("button", { name: "All messages" }));
    expect(here().search).toHaveProperty("channel");
    const list = await screen.findByRole("list", { name: "Messages to #data" }, PATIENT);
    expect(within(list).getAllByRole("listitem")).toHaveLength(25);
    const [newest] = within(list).getAllByRole("listitem");
    expect(newest).toHaveTextContent("Failedraw.flights is lateRefused with 404. no_service.");
    expect(within(newest as HTMLElement).getByRole("link", { name: "Why" })).toHaveAttribute("href", expect.stringMatching(/automations\?tab=history&firing=/));
    expect(list).toHaveTextContent("3 tries");

    await user.click(screen.getByRole("button", { name: "Show older" }));
    await waitFor(() => expect(within(list).getAllByRole("listitem")).toHaveLength(41), PATIENT);
    await user.click(within(slack).getByRole("button", { name: "Send test" }));
    await waitFor(() => expect(within(list).getAllByRole("listitem")[0]).toHaveTextContent("Test message"), PATIENT);
    await user.click(within(slack).getByRole("button", { name: "All messages" }));
    expect(list).not.toBeInTheDocument();
  });

  it("says what became of a test message, good or bad", async () => {
    const { user } = visit(CHANNELS);
    const slack = await screen.findByRole("listitem", { name: "#data" }, PATIENT);

    await user.click(within(slack).getByRole("button", { name: "Send test" }));
    await waitFor(() => expect(within(slack).getByRole("status")).toHaveTextContent("Test message: Refused with 404. no_service."), PATIENT);
    const mail = screen.getByRole("listitem", { name: "on call" });
    await user.click(within(mail).getByRole("button", { name: "Send test" }));
    await waitFor(() => expect(within(mail).getByRole("status")).toHaveTextContent("Test message: Answered 200 in 96 ms."), PATIENT);

    server.use(http.post("*/channels/:id/tests", () => refusal(429, "rate_limited", "At most five test messages a minute.")));
    await user.click(within(mail).getByRole("button", { name: "Send test" }));
    await waitFor(() => expect(within(mail).getByRole("status")).toHaveTextContent("At most five test messages a minute."), PATIENT);
  });

  it("says when reading what was sent fails", async () => {
    server.use(http.get("*/channels/:id/deliveries", () => refusal(500, "internal", "Something went wrong on our side.")));
    const { user } = visit(CHANNELS);
    const slack = await screen.findByRole("listitem", { name: "#data" }, PATIENT);

    await user.click(within(slack).getByRole("button", { name: "All messages" }));
    expect(await screen.findByText("Loading the messages didn’t work", {}, PATIENT)).toBeVisible();
  });

  it("deletes after asking", async () => {
    const { user } = visit(CHANNELS);

    await user.click(await screen.findByRole("button", { name: "Delete on call" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Delete on call" });
    expect(dialog).toHaveTextContent("fails from now on");
    await user.click(within(dialog).getByRole("button", { name: "Delete channel" }));

    await waitFor(() => expect(screen.queryByRole("listitem", { name: "on call" })).not.toBeInTheDocument(), PATIENT);
  });

  it("tells a viewer why nothing can be changed", async () => {
    asViewer();
    const { user } = visit(CHANNELS);

    const add = await screen.findByRole("button", { name: "Add channel" }, PATIENT);
    expect(add).toHaveAccessibleDescription("Your role here is viewer; this needs the scope channels:write.");
    await user.click(add);
    await user.click(screen.getByRole("button", { name: "Delete #data" }));
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });

  it("says what channels are for where there is none, and what failed", async () => {
    const { unmount } = visit("/w/fresh/settings?tab=channels");
    expect(await screen.findByText("No channels yet", {}, PATIENT)).toBeVisible();
    unmount();

    server.use(http.get("*/channels", () => refusal(500, "internal", "Something went wrong on our side.")));
    visit(CHANNELS);
    expect(await screen.findByText("Loading the channels didn’t work", {}, PATIENT)).toBeVisible();
    expect(screen.getByRole("button", { name: /req_01J9ZK4T8Q/ })).toBeVisible();
  });
});
