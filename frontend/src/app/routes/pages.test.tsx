import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { Run } from "@/schema/wire/runs";
import { rowOf } from "@/testing/demo/runs";
import { FakeEventSource } from "@/testing/event-source";
import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { ORIGIN, world } from "@/testing/world";

const SECRET = `hw_${"T3st".repeat(11)}0000`;

/** The id of a workspace that was made a minute ago. */
function madeNow(): string {
  const time = (Date.now() - 60_000).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

function find(wanted: (run: Run) => boolean): Run {
  const run = world.runs.find(wanted);
  if (run === undefined) throw new Error("the demo has no such run");
  return run;
}

describe("home", () => {
  it("answers first, and every count leads to its list", async () => {
    const { user, here } = visit("/w/acme");

    expect(await screen.findByText(/flows need you|flows are fine/, {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("link", { name: /\d+ completed/ }));

    expect(await screen.findByRole("heading", { name: "Runs" }, PATIENT)).toBeVisible();
    expect(here().searchStr).toBe("?range=24h&state=completed");
  });

  it("opens a young workspace on the hour that it has lived", async () => {
    const id = madeNow();
    server.use(http.get("*/api/v1/me", () => HttpResponse.json({ ...world.me, workspaces: world.me.workspaces.map((each) => ({ ...each, id })) })));
    const { user, here } = visit("/w/acme");

    expect(await screen.findByRole("button", { name: "Time range: Last hour" }, PATIENT)).toBeVisible();
    expect(here().searchStr).toBe("");
    await user.click(await screen.findByRole("link", { name: /in all$/ }, PATIENT));

    await waitFor(() => expect(here().searchStr).toBe("?range=1h"), PATIENT);
  });

  it("leads a newcomer with commands that carry the server's own address", async () => {
    visit("/w/fresh");

    expect(await screen.findByText(`headway login --url ${ORIGIN}`, { exact: false }, PATIENT)).toBeVisible();
    expect(screen.getByText("1 of 5 done")).toBeVisible();
  });
});

describe("runs", () => {
  it("filters by state through the address", async () => {
    const { user, here } = visit("/w/acme/runs?range=30d");
    const table = await screen.findByRole("table", { name: "Runs" }, PATIENT);

    await user.click(screen.getByRole("button", { name: "State" }));
    await user.click(await screen.findByRole("checkbox", { name: "Crashed" }));

    await waitFor(() => {
      const words = within(table).getAllByRole("row").slice(1).map((row) => row.textContent);
      expect(words.length).toBeGreaterThan(0);
      expect(words.every((text) => text.includes("Crashed"))).toBe(true);
    }, PATIENT);
    expect(here().searchStr).toBe("?range=30d&state=crashed");
  });

  it("changes a known row in place and lets new ones wait in a pill", async () => {
    visit("/w/acme/runs");
    const table = await screen.findByRole("table", { name: "Runs" }, PATIENT);
    const shown = find((run) => run.state === "COMPLETED" && table.textContent.includes(run.name));
    const before = within(table).getAllByRole("row").length;

    FakeEventSource.send("/streams/runs", "run", { ...rowOf(shown), state: "CANCELLED", state_type: "CANCELLED" });
    FakeEventSource.send("/streams/runs", "run", { ...rowOf(shown), id: "brand-new", name: "brand-new", created_at: new Date().toISOString() });

    expect(await screen.findByRole("button", { name: "1 new run" })).toBeVisible();
    expect(within(table).getByRole("row", { name: new RegExp(`Cancelled.*${shown.name}`) })).toBeVisible();
    expect(within(table).getAllByRole("row")).toHaveLength(before);
  });

  it.each([
    ["delay_model", "Pool gpu, agents with Docker"],
    ["airport_enrichment", "Pool managed, managed compute"],
    ["adhoc_backfill", "Local process"],
  ])("says in the row where a run of %s runs", async (flow, where) => {
    const of = find((run) => run.flow.name === flow).flow.id;
    visit(`/w/acme/runs?range=30d&flow_id=${of}`);
    const table = await screen.findByRole("table", { name: "Runs" }, PATIENT);

    const row = within(table).getAllByRole("row")[1];

    expect(row).toHaveTextContent(flow);
    expect(within(row ?? table).getByRole("img", { name: where })).toBeVisible();
  });

  it("opens the row under the cursor by keyboard", async () => {
    const { user, here } = visit("/w/acme/runs?state=completed");
    await screen.findByRole("table", { name: "Runs" }, PATIENT);

    await user.keyboard("jj{Enter}");

    await waitFor(() => expect(here().pathname).toMatch(/\/w\/acme\/runs\/.+/));
  });

  it("says what went wrong, with the request id, and tries again", async () => {
    server.use(http.get("*/runs", () => refusal(500, "internal", "Something went wrong on our side."), { once: true }));
    const { user } = visit("/w/acme/runs");

    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("req_01J9ZK4T8Q");
    await user.click(screen.getByRole("button", { name: "Try again" }));

    expect(await screen.findByRole("table", { name: "Runs" }, PATIENT)).toBeVisible();
  });

  it("tells an empty workspace how to get its first run", async () => {
    visit("/w/fresh/runs");

    expect(await screen.findByText("No runs in this range", {}, PATIENT)).toBeVisible();
    expect(screen.getByText(/python flow\.py/)).toBeVisible();
  });
});

describe("a run", () => {
  it("cancels only after asking", async () => {
    const run = find((each) => each.state === "RUNNING");
    const { user } = visit(`/w/acme/runs/${run.id}`);

    await user.click(await screen.findByRole("button", { name: "Cancel run" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    expect(dialog).toHaveTextContent("stays written");
    await user.click(within(dialog).getByRole("button", { name: "Cancel run" }));

    expect(await screen.findAllByText("Cancelling", {}, PATIENT)).not.toHaveLength(0);
  });

  it("keeps what a viewer may not do in sight, with the reason", async () => {
    asViewer();
    const run = find((each) => each.state === "COMPLETED" && each.may.retry);
    const { user } = visit(`/w/acme/runs/${run.id}`);
    const retry = await screen.findByRole("button", { name: "Retry" }, PATIENT);

    expect(retry).toHaveAttribute("aria-disabled", "true");
    expect(retry).toHaveAccessibleDescription(/Your role here is viewer/);
    await user.click(retry);
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });

  it("shows a failure with its traceback on demand", async () => {
    const run = find((each) => each.state === "FAILED" && each.error?.traceback != null);
    const { user } = visit(`/w/acme/runs/${run.id}`);

    await user.click(await screen.findByRole("button", { name: "Traceback" }, PATIENT));

    expect(screen.getByRole("button", { name: /:48$/ })).toBeVisible();
    expect(screen.getByText(/in transform/)).toBeVisible();
  });

  it("narrows the timeline from the table of tasks", async () => {
    const run = find((each) => each.state === "COMPLETED" && each.flow.name === "load_flights");
    const { user, here } = visit(`/w/acme/runs/${run.id}`);
    expect(await screen.findByText(/14 task runs · critical path/, {}, PATIENT)).toBeVisible();

    await user.click(screen.getByRole("button", { name: "extract" }));

    expect(await screen.findByText(/3 of 14 task runs/)).toBeVisible();
    expect(here().search).toMatchObject({ q: "extract" });
  });

  it("appends live lines to the log and filters by level", async () => {
    const run = find((each) => each.state === "RUNNING" || each.state === "CANCELLING");
    const { user } = visit(`/w/acme/runs/${run.id}?tab=logs`);
    await screen.findByRole("log", {}, PATIENT);
    await waitFor(() => expect(FakeEventSource.send(`/streams/runs/${run.id}`, "ping", {})).toBe(1));

    const line = { id: "live-1", occurred_at: new Date().toISOString(), run_id: run.id, task_run_id: null, level: "WARNING", logger: null, message: "a line from just now" };
    FakeEventSource.send(`/streams/runs/${run.id}`, "log", line);
    await waitFor(() => expect(screen.getByText(/^\d+ lines/)).toBeVisible());
    FakeEventSource.send(`/streams/runs/${run.id}`, "task_runs", { changed: 1, counts: { COMPLETED: 41, RUNNING: 1 } });
    if (run.state === "RUNNING") expect(await screen.findByText("Running: 41 task runs done, 1 running.")).toBeVisible();
    await user.type(screen.getByLabelText("Search logs"), "from just now");

    expect(await screen.findByText("1 line", {}, PATIENT)).toBeVisible();
  });

  it("says so when there is no such run", async () => {
    visit("/w/acme/runs/nothing");

    expect(await screen.findByText("No such run", {}, PATIENT)).toBeVisible();
  });
});

describe("a deployment", () => {
  const deployment = world.deploymentRows[0];
  if (deployment === undefined) throw new Error("the demo has deployments");

  it("makes its form from the schema and starts a run with it", async () => {
    const { user, here } = visit(`/w/acme/deployments/${deployment.id}?run=now`);
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    const limit = await within(dialog).findByLabelText("limit");

    await user.clear(limit);
    await user.type(limit, "many");
    expect(await within(dialog).findByText("Enter a number.")).toBeVisible();
    await user.clear(limit);
    await user.type(limit, "5");
    await user.click(within(dialog).getByRole("button", { name: "Run now" }));

    await waitFor(() => expect(here().pathname).toMatch(/\/w\/acme\/runs\//), PATIENT);
    expect(world.runs[0]?.parameters).toMatchObject({ limit: 5, airports: ["EWR", "JFK", "LGA"], dry_run: false });
  });

  it("leaves the keyboard at its button when the form that the list opened is closed", async () => {
    const { user } = visit("/w/acme/deployments");
    const [button] = await screen.findAllByRole("button", { name: "Run now" }, PATIENT);
    if (button === undefined) throw new Error("the list has no button");
    await user.click(button);
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    await waitFor(() => expect(dialog).toContainElement(document.activeElement as HTMLElement));

    await user.keyboard("{Escape}");

    await waitFor(() => expect(screen.getByRole("button", { name: "Run now" })).toHaveFocus(), PATIENT);
  });

  it("brings the server's refusal to its field", async () => {
    const { user } = visit(`/w/acme/deployments/${deployment.id}?run=now`);
    const dialog = await screen.findByRole("dialog", {}, PATIENT);

    await user.type(await within(dialog).findByPlaceholderText("Type and press Enter"), "XXX{Enter}");
    await user.click(within(dialog).getByRole("button", { name: "Run now" }));

    expect(await within(dialog).findByText("XXX is no airport.", {}, PATIENT)).toBeVisible();
  });

  it("pauses and resumes", async () => {
    const { user } = visit(`/w/acme/deployments/${deployment.id}`);

    await user.click(await screen.findByRole("button", { name: "Pause" }, PATIENT));

    expect(await screen.findByRole("button", { name: "Resume" }, PATIENT)).toBeVisible();
    expect(screen.getByText(/schedules start nothing/)).toBeVisible();
  });

  it("asks for the name before deleting", async () => {
    const { user } = visit(`/w/acme/deployments/${deployment.id}`);

    await user.click(await screen.findByRole("button", { name: "Delete" }, PATIENT));
    const dialog = await screen.findByRole("dialog");

    const verb = () => within(dialog).getByRole("button", { name: "Delete deployment" });
    expect(verb()).toHaveAttribute("aria-disabled", "true");
    expect(verb()).toHaveAccessibleDescription(`Type ${deployment.name} first.`);
    await user.type(within(dialog).getByRole("textbox"), deployment.name);
    expect(verb()).toHaveAttribute("aria-disabled", "false");
  });
});

describe("the other pages", () => {
  it("shows a new key once and never again", async () => {
    const { user } = visit("/w/acme/settings?tab=keys");

    await user.click(await screen.findByRole("button", { name: "Create key" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    await user.type(within(dialog).getByLabelText("Name"), "ci");
    await user.click(within(dialog).getByRole("button", { name: "Create key" }));
    expect(await screen.findByText(SECRET, {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "I have copied it" }));

    await waitFor(() => expect(screen.queryByText(SECRET)).not.toBeInTheDocument());
    expect(screen.getByText("ci")).toBeVisible();
  });

  it("revokes a key after asking", async () => {
    const { user } = visit("/w/acme/settings?tab=keys");
    const row = await screen.findByRole("row", { name: /ci deploys/ }, PATIENT);

    await user.click(within(row).getByRole("button", { name: "Revoke" }));
    await user.click(await screen.findByRole("button", { name: "Revoke key" }));

    await waitFor(() => expect(screen.getByRole("row", { name: /ci deploys/ })).toHaveTextContent("Revoked"), PATIENT);
  });

  it("shows agents with the age of their heartbeat", async () => {
    visit("/w/acme/pools?pool=default");

    expect(await screen.findByRole("row", { name: /laptop-ada offline.*2h ago/ }, PATIENT)).toBeVisible();
  });
});
