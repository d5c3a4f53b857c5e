import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { Run } from "@/schema/wire/runs";
import { refusal } from "@/testing/answers";
import { detailOf, rowOf } from "@/testing/demo/runs";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

/** Several dialogs and answers in one test: on a busy machine that takes longer than usual. */
const SLOW = 120_000;

function find(wanted: (run: Run) => boolean): Run {
  const run = world.runs.find(wanted);
  if (run === undefined) throw new Error("the demo has no such run");
  return run;
}

const ended = () => find((run) => run.state === "COMPLETED" && run.deployment !== null && run.flow.name === "load_flights");

describe("holding a run", () => {
  it("says what pausing and suspending cost, pauses, and lets it go on", async () => {
    const run = find((each) => each.state === "RUNNING" && each.deployment !== null);
    const { user } = visit(`/w/acme/runs/${run.id}`);

    await user.click(await screen.findByRole("button", { name: "Pause" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: `Pause ${run.name}` }, PATIENT);
    expect(within(dialog).getByText(/keeps its place at the agent and its slots/)).toBeVisible();
    expect(within(dialog).getByText(/gives back its place and its slots/)).toBeVisible();
    await user.click(within(dialog).getByRole("button", { name: "Pause run" }));

    expect(await screen.findByText(/begins no further task, and its time limits stand still/, {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Resume" }));
    expect(await screen.findByRole("button", { name: "Pause" }, PATIENT)).toBeVisible();
    expect(world.runs.find((each) => each.id === run.id)?.state).toBe("RUNNING");
  });

  it("says why a run of nobody's pool can't be suspended", async () => {
    const run = find((each) => each.state === "RUNNING");
    server.use(http.get("*/runs/:id", () => HttpResponse.json(detailOf({ ...run, source: "LOCAL", pool: null, may: { ...run.may, suspend: false } }))));
    const { user } = visit(`/w/acme/runs/${run.id}`);

    await user.click(await screen.findByRole("button", { name: "Pause" }, PATIENT));

    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    expect(within(dialog).getByRole("radio", { name: "Suspend" })).toBeDisabled();
    expect(within(dialog).getByText(/nobody else could take it up/)).toBeVisible();
  });
});

it("tells before cancelling that the runs it started go with it", async () => {
  const run = find((each) => each.state === "RUNNING");
  server.use(http.get("*/runs/:id", () => HttpResponse.json(detailOf(run, { children: 3 }))));
  const { user } = visit(`/w/acme/runs/${run.id}`);

  await user.click(await screen.findByRole("button", { name: "Cancel run" }, PATIENT));

  expect(await within(await screen.findByRole("dialog", {}, PATIENT)).findByText(/The 3 runs that it started are cancelled with it/)).toBeVisible();
});

it("retries from what failed", async () => {
  const run = find((each) => each.state === "FAILED" && each.deployment !== null && (each.task_counts?.["COMPLETED"] ?? 0) > 0);
  const asked: unknown[] = [];
  server.use(
    http.post("*/runs/:id/retries", async ({ request }) => {
      asked.push(await request.json());
      return HttpResponse.json({ ...run, state: "AWAITING_RETRY", state_type: "SCHEDULED" });
    }),
  );
  const { user } = visit(`/w/acme/runs/${run.id}`);

  await user.click(await screen.findByRole("button", { name: "Retry" }, PATIENT));
  await user.click(await screen.findByRole("radio", { name: "From what failed" }, PATIENT));
  await user.click(screen.getByRole("button", { name: "Retry run" }));

  await waitFor(() => expect(asked).toEqual([{ from: "failed" }]), PATIENT);
});

describe("running a run again", () => {
  it("offers its own parameters, puts a refusal at its field, and opens the new run", async () => {
    const run = ended();
    const { user, here } = visit(`/w/acme/runs/${run.id}`);

    await user.click(await screen.findByRole("button", { name: "Run again" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: `Run ${run.name} again` }, PATIENT);
    const limit = await within(dialog).findByLabelText("limit", {}, PATIENT);
    expect(limit).toHaveValue("1000");
    expect(within(dialog).queryByLabelText("Priority")).not.toBeInTheDocument();
    fireEvent.change(limit, { target: { value: "666" } });
    await user.click(within(dialog).getByRole("button", { name: "Run now" }));
    expect(await within(dialog).findByText("That many are not allowed.", {}, PATIENT)).toBeVisible();
    fireEvent.change(limit, { target: { value: "5" } });
    await user.click(within(dialog).getByRole("button", { name: "Run now" }));

    await waitFor(() => expect(here().pathname).toBe(`/w/acme/runs/${world.runs[0]?.id ?? ""}`), PATIENT);
    expect(world.runs[0]?.parameters).toMatchObject({ limit: 5 });
    expect(await screen.findByRole("link", { name: run.name }, PATIENT)).toHaveAttribute("href", `/w/acme/runs/${run.id}`);
  }, SLOW);

  it("leaves out, and says so, what the deployment no longer takes", async () => {
    const run = ended();
    server.use(http.get("*/runs/:id", () => HttpResponse.json(detailOf({ ...run, parameters: { ...run.parameters, former: 1 } }))));
    const { user } = visit(`/w/acme/runs/${run.id}`);

    await user.click(await screen.findByRole("button", { name: "Run again" }, PATIENT));

    expect(await screen.findByText(/no longer takes former/, {}, PATIENT)).toBeVisible();
  });
});

it("keeps a note and tags, changed in place", async () => {
  const run = ended();
  const { user } = visit(`/w/acme/runs/${run.id}`);

  await user.click(await screen.findByRole("button", { name: "Add a note" }, PATIENT));
  fireEvent.change(screen.getByPlaceholderText("What the next one should know"), { target: { value: "The feed was late." } });
  await user.click(screen.getByRole("button", { name: "Save note" }));
  expect(await screen.findByText("The feed was late.", {}, PATIENT)).toBeVisible();

  await user.click(screen.getByRole("button", { name: "Change the tags" }));
  await user.type(screen.getByPlaceholderText("Type and press Enter"), "looked-at{Enter}");
  await user.click(screen.getByRole("button", { name: "Save tags" }));
  await waitFor(() => expect(world.runs.find((each) => each.id === run.id)?.tags).toContain("looked-at"), PATIENT);
}, SLOW);

it("lists the runs that it started", async () => {
  const [run, child] = [ended(), find((each) => each.state === "FAILED")];
  server.use(
    http.get("*/runs/:id", () => HttpResponse.json(detailOf(run, { children: 1 }))),
    http.get("*/runs", () => HttpResponse.json({ items: [rowOf(child)], next_cursor: null })),
  );
  const { user } = visit(`/w/acme/runs/${run.id}`);

  await user.click(await screen.findByRole("tab", { name: /^Sub-runs/ }, PATIENT));

  expect(await screen.findByRole("link", { name: child.name }, PATIENT)).toHaveAttribute("href", `/w/acme/runs/${child.id}`);
});

it("leads from a run of a backfill to the backfill", async () => {
  const run = ended();
  server.use(http.get("*/runs/:id", () => HttpResponse.json(detailOf({ ...run, backfill_id: "b1" }))));
  visit(`/w/acme/runs/${run.id}`);

  expect(await screen.findByText("Open the backfill", { selector: "a" }, PATIENT)).toHaveAttribute("href", "/w/acme/backfills/b1");
});

it("lets who only looks see why they can do nothing", async () => {
  asViewer();
  const run = find((each) => each.state === "RUNNING" && each.deployment !== null);
  const { user } = visit(`/w/acme/runs/${run.id}`);

  const pause = await screen.findByRole("button", { name: "Pause" }, PATIENT);
  expect(pause).toHaveAttribute("aria-disabled", "true");
  expect(pause).toHaveAccessibleDescription(/needs the scope runs:write/);
  await user.click(pause);
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Run again" })).toHaveAttribute("aria-disabled", "true");
});

it("shows what the server refuses of a pause", async () => {
  const run = find((each) => each.state === "RUNNING" && each.deployment !== null);
  server.use(http.post("*/runs/:id/pause", () => refusal(409, "run_not_pausable", "The run just ended.")));
  const { user } = visit(`/w/acme/runs/${run.id}`);

  await user.click(await screen.findByRole("button", { name: "Pause" }, PATIENT));
  await user.click(await screen.findByRole("button", { name: "Pause run" }, PATIENT));

  expect(await screen.findByText("The run just ended.", {}, PATIENT)).toBeVisible();
});
