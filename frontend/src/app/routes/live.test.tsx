import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { Run } from "@/schema/wire/runs";
import { rowOf } from "@/testing/demo/runs";
import { FakeEventSource } from "@/testing/event-source";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

function find(wanted: (run: Run) => boolean): Run {
  const run = world.runs.find(wanted);
  if (run === undefined) throw new Error("the demo has no such run");
  return run;
}

async function listening(stream: string): Promise<void> {
  await waitFor(() => expect(FakeEventSource.send(stream, "ping", {})).toBe(1), PATIENT);
}

describe("a run on screen", () => {
  it("takes the lines that come with its end and after it", async () => {
    const run = find((each) => each.state === "RUNNING");
    const stream = `/streams/runs/${run.id}`;
    const line = { occurred_at: new Date().toISOString(), run_id: run.id, task_run_id: null, level: "INFO", logger: null };
    visit(`/w/acme/runs/${run.id}?tab=logs`);
    await screen.findByRole("log", {}, PATIENT);
    await listening(stream);
    const before = Number(/^\d+/.exec(screen.getByText(/^\d+ lines/).textContent));

    FakeEventSource.send(stream, "run", { ...run, state: "COMPLETED", state_type: "COMPLETED", ended_at: new Date().toISOString() });
    expect((await screen.findAllByText("Completed"))[0]).toBeVisible();
    FakeEventSource.send(stream, "log", { ...line, id: "live-2", message: "the very last line" });

    expect(await screen.findByText(new RegExp(`^${before + 1} lines`))).toBeVisible();
  });

  it("is left in peace once all is told", async () => {
    const run = find((each) => each.state === "RUNNING");
    const stream = `/streams/runs/${run.id}`;
    visit(`/w/acme/runs/${run.id}`);
    await listening(stream);

    FakeEventSource.send(stream, "run", { ...run, state: "COMPLETED", state_type: "COMPLETED", ended_at: new Date().toISOString() });
    FakeEventSource.send(stream, "end", {});

    await waitFor(() => expect(FakeEventSource.send(stream, "ping", {})).toBe(0), PATIENT);
  });
});

describe("a list of runs on screen", () => {
  it("is not written over by an answer that was read before the news", async () => {
    const shown = find((each) => each.state === "COMPLETED");
    let answer = (): void => undefined;
    const told = new Promise<void>((resolve) => (answer = resolve));
    server.use(
      http.get("*/api/v1/workspaces/:workspace/runs", async () => {
        await told;
        return HttpResponse.json({ items: [rowOf(shown)], next_cursor: null });
      }),
    );
    visit("/w/acme/runs");
    await listening("/streams/runs");

    FakeEventSource.send("/streams/runs", "run", { ...rowOf(shown), state: "CANCELLED", state_type: "CANCELLED" });
    answer();

    const table = await screen.findByRole("table", { name: "Runs" }, PATIENT);
    expect(await within(table).findByRole("row", { name: new RegExp(`Cancelled.*${shown.name}`) }, PATIENT)).toBeVisible();
  });

  it("counts each of several new runs that are told at once", async () => {
    visit("/w/acme/runs");
    await screen.findByRole("table", { name: "Runs" }, PATIENT);
    const like = rowOf(find((each) => each.state === "COMPLETED"));

    for (const id of ["new-1", "new-2", "new-3"]) {
      FakeEventSource.send("/streams/runs", "run", { ...like, id, name: id, created_at: new Date().toISOString() });
    }

    expect(await screen.findByRole("button", { name: "3 new runs" }, PATIENT)).toBeVisible();
  });
});

describe("the live tail of events", () => {
  it("lacks nothing of what came between the list and the tail", async () => {
    const [known, since, now] = world.events;
    if (known === undefined || since === undefined || now === undefined) throw new Error("the demo has events");
    const named = (event: typeof known, name: string) => ({ ...event, name, occurred_at: new Date().toISOString() });
    const stored = [named(known, "first.known")];
    server.use(http.get("*/api/v1/workspaces/:workspace/events", () => HttpResponse.json({ items: stored, next_cursor: null })));
    const { user } = visit("/w/acme/events");
    expect(await screen.findByText("first.known", {}, PATIENT)).toBeVisible();
    stored.unshift(named(since, "came.since"));

    await user.click(screen.getByRole("button", { name: "Live tail" }));

    expect(await screen.findByText("came.since", {}, PATIENT)).toBeVisible();

    await listening("/streams/events");
    for (const twice of [1, 2]) FakeEventSource.send("/streams/events", "event", { ...named(now, "came.now"), payload: { twice } });
    expect(await screen.findAllByText("came.now", {}, PATIENT)).toHaveLength(1);
  });
});
