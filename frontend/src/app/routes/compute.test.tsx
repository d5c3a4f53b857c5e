import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { isManaged, makeTasks } from "@/testing/demo/compute";
import { detailOf } from "@/testing/demo/runs";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

const managed = world.runs.filter((run) => isManaged(run) && run.ended_at !== null);

describe("the compute panel of a run", () => {
  it("tells size, phases and what was used", async () => {
    const run = managed.find((each) => each.state_type === "COMPLETED" && each.attempt === 1);
    visit(`/w/acme/runs/${run?.id ?? ""}`);

    expect(await screen.findByRole("heading", { name: /Compute 0.5 vCPU, 1 GiB/ }, PATIENT)).toBeVisible();
    const phases = screen.getByRole("list", { name: "Phases" });
    expect(within(phases).getAllByRole("listitem").map((each) => each.textContent)).toEqual([
      "Waiting for a place 300 ms",
      "Starting 1.5 s",
      "Fetching the code 700 ms",
      "Preparing the environment 3.7 s",
      expect.stringMatching(/^Running /),
    ]);
    expect(screen.getByText(/vCPU s/)).toBeVisible();
    expect(screen.queryByRole("button", { name: /earlier execution/ })).not.toBeInTheDocument();
  });

  it("shows why an earlier execution ended", async () => {
    const run = managed.find((each) => each.attempt === 2);
    const { user } = visit(`/w/acme/runs/${run?.id ?? ""}`);

    await user.click(await screen.findByRole("button", { name: "1 earlier execution" }, PATIENT));
    const earlier = screen.getByRole("list", { name: "Earlier executions" });
    expect(earlier).toHaveTextContent("It could not be started: requirements do not resolve: no version of duckdb matches ==99.0.");
    expect(earlier).toHaveTextContent("exit code 1");
  });

  it("says a cause once when the run tells it already, and what it waits for", async () => {
    const run = managed.find((each) => each.state_type === "COMPLETED" && each.attempt === 1);
    if (run === undefined) throw new Error("the demo has no such run");
    const cause = { kind: "oom", detail: "It used more memory than its size has." } as const;
    const [task] = makeTasks(run);
    server.use(
      http.get("*/runs/:id", () => HttpResponse.json({ ...detailOf(run), state: "CRASHED", state_type: "CRASHED", cause })),
      http.get("*/runs/:id/compute", () => HttpResponse.json({ items: [{ ...task, cause }] })),
    );
    const { unmount } = visit(`/w/acme/runs/${run.id}`);
    await screen.findByRole("heading", { name: /Compute/ }, PATIENT);
    expect(screen.getAllByText(/ran out of memory/)).toHaveLength(1);
    unmount();

    server.use(http.get("*/runs/:id/compute", () => HttpResponse.json({ items: [{ ...task, state: "REQUESTED", phases: task?.phases.slice(0, 1), exit_code: null, managed_seconds: null, reason: "All places are taken." }] })));
    visit(`/w/acme/runs/${run.id}`);
    expect(await screen.findByText("All places are taken.", {}, PATIENT)).toBeVisible();
  });

  it("is not asked for where an agent took the run", async () => {
    const run = world.runs.find((each) => each.agent !== null);
    let asked = 0;
    server.use(
      http.get("*/runs/:id/compute", () => {
        asked += 1;
        return refusal(404, "not_found", "Not a managed run.");
      }),
    );
    visit(`/w/acme/runs/${run?.id ?? ""}`);

    expect(await screen.findByRole("heading", { name: run?.name ?? "" }, PATIENT)).toBeVisible();
    expect(asked).toBe(0);
    expect(screen.queryByRole("heading", { name: /Compute/ })).not.toBeInTheDocument();
  });
});

describe("a managed pool", () => {
  it("shows slots, the month, how to deploy to it, and its tasks", async () => {
    const { user, here } = visit("/w/acme/pools");

    await user.click(await screen.findByRole("button", { name: /^managed/ }, PATIENT));
    expect(here().search).toHaveProperty("pool");
    expect(await screen.findByText("of 4 slots in use here")).toBeVisible();
    expect(screen.getByText("119")).toBeVisible();
    expect(screen.getByText("of 500 managed minutes")).toBeVisible();
    expect(screen.getByText("headway deploy --pool managed flow.py:main")).toBeVisible();
    expect(screen.queryByRole("heading", { name: /^Agents of/ })).not.toBeInTheDocument();
    const tasks = await screen.findByRole("list", { name: "Tasks" }, PATIENT);
    const [first] = within(tasks).getAllByRole("listitem");
    expect(within(first as HTMLElement).getByRole("link")).toHaveAttribute("href", expect.stringMatching(/\/w\/acme\/runs\/.+/));
  });

  it("says what goes here while nothing did, and what failed", async () => {
    server.use(http.get("*/compute/tasks", () => HttpResponse.json({ items: [], next_cursor: null })));
    const { unmount } = visit("/w/acme/pools?pool=managed");
    expect(await screen.findByText("Nothing was executed here yet", {}, PATIENT)).toBeVisible();
    unmount();

    server.use(http.get("*/compute/tasks", () => refusal(500, "internal", "Something went wrong on our side.")));
    visit("/w/acme/pools?pool=managed");
    expect(await screen.findByText("Loading the tasks didn’t work", {}, PATIENT)).toBeVisible();
  });

  it("says when nothing executes its runs", async () => {
    const off = world.poolRows.map((pool) => (pool.managed ? { ...pool, managed: { ...pool.managed, backend: "OFF", slots: null } } : pool));
    server.use(http.get("*/pools", () => HttpResponse.json({ items: off, next_cursor: null })));
    visit("/w/acme/pools?pool=managed");

    expect(await screen.findByRole("heading", { name: "Managed compute is off" }, PATIENT)).toBeVisible();
    expect(screen.getByText("Managed compute is off here.")).toBeVisible();
  });
});

it("shows what a managed deployment brings along", async () => {
  const deployment = world.deploymentRows.find((each) => each.bundle !== null);
  visit(`/w/acme/deployments/${deployment?.id ?? ""}`);

  expect(await screen.findByText("0.5 vCPU, 1 GiB", {}, PATIENT)).toBeVisible();
  expect(screen.getByText("7 files, 18.0 KiB")).toBeVisible();
  expect(within(screen.getByRole("list", { name: "Requirements" })).getAllByRole("listitem")).toHaveLength(4);
  await waitFor(() => expect(screen.getByRole("button", { name: /checksum of the code/ })).toBeVisible());
});
