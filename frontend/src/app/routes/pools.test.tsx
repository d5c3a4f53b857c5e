import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

/** Several dialogs and answers in one test: on a busy machine that takes longer than usual. */
const SLOW = 120_000;

const pool = () => {
  const found = world.poolRows.find((each) => each.name === "default");
  if (found === undefined) throw new Error("the demo has a default pool");
  return found;
};
const fill = (label: string | RegExp, value: string) => fireEvent.change(within(screen.getByRole("dialog")).getByLabelText(label), { target: { value } });

describe("queues", () => {
  it("are added with a limit of their own, paused, and deleted while nothing needs them", async () => {
    const { user } = visit("/w/acme/pools?pool=default");
    const panel = await screen.findByRole("region", { name: "Queues of default" }, PATIENT);
    expect(within(panel).getByLabelText("Delete queue default")).toHaveAttribute("aria-disabled", "true");

    await user.click(screen.getByText("Add queue"));
    await screen.findByRole("dialog", { name: "Add a queue to default" }, PATIENT);
    fill("Name", "nightly");
    fill("Runs at once", "2");
    await user.click(within(screen.getByRole("dialog")).getByText("Add queue"));
    await waitFor(() => expect(pool().queues.find((each) => each.name === "nightly")).toMatchObject({ priority: 100, concurrency_limit: 2 }), PATIENT);

    await user.click(await within(panel).findByLabelText("Pause queue nightly", {}, PATIENT));
    await user.click(await within(panel).findByLabelText("Delete queue nightly", {}, PATIENT));
    await user.click(await screen.findByRole("button", { name: "Delete queue" }, PATIENT));
    await waitFor(() => expect(pool().queues.map((each) => each.name)).toEqual(["default"]), PATIENT);
  }, SLOW);
});

describe("agents", () => {
  it("say what they are, and are drained", async () => {
    const { user } = visit("/w/acme/pools?pool=default");

    expect(await screen.findByText("zone=eu", {}, PATIENT)).toBeVisible();
    await user.click(screen.getByLabelText("Drain worker-fra-1"));

    expect(await screen.findByLabelText("Stop draining worker-fra-1", {}, { timeout: 60_000 })).toBeVisible();
    expect(screen.getByText("draining")).toBeVisible();
    expect(screen.getByLabelText("Drain laptop-ada")).toHaveAttribute("aria-disabled", "true");
  }, SLOW);
});

describe("the depth of queues", () => {
  it("is told in figures, over a range that stands in the address", async () => {
    const { user, here } = visit("/w/acme/pools?pool=default");

    expect(await screen.findByText("at most 12", {}, PATIENT)).toBeVisible();
    expect(screen.getByText(/at most 1m 24s/)).toBeVisible();
    await user.click(screen.getByLabelText("Time range: Last 6 hours"));
    await user.click(await screen.findByText("Last hour", {}, PATIENT));

    await waitFor(() => expect(here().search).toMatchObject({ pool: pool().id, range: "1h" }), PATIENT);
  });

  it("says that nothing was there, or that it could not be read", async () => {
    server.use(http.get("*/pools/:id/depth", () => HttpResponse.json({ step_seconds: 15, queues: [] })));
    const { unmount } = visit("/w/acme/pools?pool=default");
    expect(await screen.findByText(/Nothing was in any queue of it/, {}, PATIENT)).toBeVisible();
    unmount();

    server.use(http.get("*/pools/:id/depth", () => refusal(500, "internal", "Something went wrong on our side.")));
    visit("/w/acme/pools?pool=default");
    expect(await screen.findByText(/req_01J9ZK4T8Q/, {}, PATIENT)).toBeVisible();
  });
});

describe("kinds of pools", () => {
  it("ask for their own settings, say what is only simulated, and show a refusal at its field", async () => {
    const { user } = visit("/w/acme/pools");
    await user.click(await screen.findByRole("button", { name: "Create pool" }, PATIENT));
    const dialog = within(await screen.findByRole("dialog", { name: "Create a pool" }, PATIENT));

    await user.click(dialog.getByLabelText("Kind", { selector: "input" }));
    expect(screen.queryByRole("option", { name: "Managed" })).not.toBeInTheDocument();
    await user.click(await screen.findByText("Docker (simulated)"));
    expect(await dialog.findByText(/Tested against a simulation/)).toBeVisible();
    fill("Name", "containers");
    fill("image", "nothing");
    fill("env", "TZ=UTC");
    await user.click(dialog.getByRole("button", { name: "Create pool" }));
    expect(await dialog.findByText("There is no such image.", {}, PATIENT)).toBeVisible();
    fill("image", "acme/flows:1.4");
    await user.click(dialog.getByRole("button", { name: "Create pool" }));

    await waitFor(() => expect(world.poolRows.at(-1)).toMatchObject({ name: "containers", kind: "DOCKER", job_defaults: { image: "acme/flows:1.4", env: { TZ: "UTC" } } }), PATIENT);
  }, SLOW);
});

it("lets who only looks see everything and change nothing", async () => {
  asViewer();
  visit("/w/acme/pools?pool=default");

  expect(await screen.findByLabelText("Drain worker-fra-2", {}, PATIENT)).toHaveAttribute("aria-disabled", "true");
  expect(screen.getByLabelText("Pause queue default")).toHaveAccessibleDescription(/needs the scope pools:write/);
  expect(screen.getByText("Add queue").closest("button")).toHaveAttribute("aria-disabled", "true");
});
