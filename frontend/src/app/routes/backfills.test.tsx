import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { Backfill, BackfillInput } from "@/schema/wire/backfills";
import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

const DEPLOYMENT = world.deploymentRows[0];
const RUN = world.runs[0];
if (DEPLOYMENT === undefined || RUN === undefined) throw new Error("the demo has no deployment");

const BACKFILL: Backfill = {
  id: "b1",
  name: "Flights again",
  kind: "RANGE",
  state: "RUNNING",
  deployment: { id: DEPLOYMENT.id, name: DEPLOYMENT.name },
  flow: DEPLOYMENT.flow,
  parameter: "day",
  parameters: {},
  concurrency: 2,
  priority: -10,
  parts_total: 10,
  made: 6,
  counts: { COMPLETED: 4, FAILED: 1, RUNNING: 1 },
  progress: 0.5,
  seconds_left: 120,
  since: "2026-03-01T00:00:00Z",
  until: "2026-03-11T00:00:00Z",
  created_at: "2026-11-20T00:00:00Z",
  created_by: { id: "u1", kind: "user", name: "Ada Brandt" },
  ended_at: null,
  may: { "runs:write": true, "runs:cancel": true },
};
const PART = { key: "2026-03-01T06:00:00Z", position: 0, run_id: RUN.id, run: { id: RUN.id, name: RUN.name, state: "COMPLETED", state_type: "COMPLETED", started_at: null, ended_at: null, duration_ms: 1_200 } };

function serve(backfill: Backfill | null): string[] {
  const asked: string[] = [];
  server.use(
    http.get("*/backfills", () => HttpResponse.json({ items: backfill === null ? [] : [backfill], next_cursor: null })),
    http.get("*/backfills/:id", () => HttpResponse.json(backfill)),
    http.get("*/backfills/:id/parts", ({ request }) => {
      asked.push(new URL(request.url).search);
      return HttpResponse.json({ items: [PART, { key: "2026-03-10T06:00:00Z", position: 9, run_id: null, run: null }], next_cursor: null });
    }),
    http.all("*/backfills/:id/:verb", async ({ request, params }) => {
      asked.push(`${request.method} ${String(params["verb"])} ${await request.text()}`);
      return HttpResponse.json(backfill);
    }),
  );
  return asked;
}

describe("backfills", () => {
  it("lists them with how far they are, and says what they are for", async () => {
    serve(BACKFILL);
    const { unmount } = visit("/w/acme/backfills");
    const list = await screen.findByRole("list", { name: "Backfills" }, PATIENT);
    expect(within(list).getByText("Flights again")).toHaveAttribute("href", "/w/acme/backfills/b1");
    expect(within(list).getByLabelText("4 completed, 1 running, 1 failed")).toBeVisible();
    expect(within(list).getByText("50.0 % of 10")).toBeVisible();
    unmount();

    serve(null);
    visit("/w/acme/backfills");
    expect(await screen.findByText("Nothing is being filled in", {}, PATIENT)).toBeVisible();
  });

  it("shows the parts by their state, pauses, and cancels the rest", async () => {
    const asked = serve(BACKFILL);
    const { user, here } = visit("/w/acme/backfills/b1");
    const parts = await screen.findByRole("table", { name: "Parts" }, PATIENT);
    expect(within(parts).getByText(RUN.name)).toHaveAttribute("href", `/w/acme/runs/${RUN.id}`);
    expect(within(parts).getByText("not made yet")).toBeVisible();
    expect(screen.getByText(/about 2m 00s left/)).toBeVisible();

    await user.selectOptions(screen.getByLabelText("State of the parts"), "FAILED");
    await waitFor(() => expect(here().searchStr).toBe("?state=FAILED"), PATIENT);
    await waitFor(() => expect(asked.some((each) => each.includes("state=FAILED"))).toBe(true), PATIENT);

    await user.click(screen.getByText("Pause"));
    await waitFor(() => expect(asked).toContain("POST pause "), PATIENT);
    await user.click(screen.getByText("Cancel the rest"));
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    await user.click(within(dialog).getByLabelText("Cancel what is executing too"));
    await user.click(within(dialog).getByText("Cancel the rest"));
    await waitFor(() => expect(asked).toContain('POST cancellation {"running":true}'), PATIENT);
  });

  it("says at once how it is after it was steered", async () => {
    const { user } = visit("/w/acme/backfills");
    await user.click(await screen.findByRole("link", { name: "November again" }, PATIENT));
    await user.click(await screen.findByRole("button", { name: "Pause" }, PATIENT));

    expect(await screen.findByRole("button", { name: "Resume" }, PATIENT)).toBeVisible();
    expect(screen.getByText("Paused")).toBeVisible();
    expect(screen.getByRole("heading", { name: "Own parameters" })).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Resume" }));
    expect(await screen.findByText("Going on", {}, PATIENT)).toBeVisible();
  });

  it("can't be steered by whoever may only look, nor when it is over", async () => {
    asViewer();
    serve({ ...BACKFILL, state: "COMPLETED" });
    visit("/w/acme/backfills/b1");

    expect(await screen.findByRole("button", { name: "Pause" }, PATIENT)).toHaveAttribute("aria-disabled", "true");
    expect(screen.getByRole("button", { name: "Cancel the rest" })).toHaveAccessibleDescription("It is over.");
  });
});

describe("the backfills of one deployment", () => {
  it("are a step away from it, as is a new one, and lead back to all", async () => {
    serve(BACKFILL);
    const { user, here } = visit(`/w/acme/deployments/${DEPLOYMENT.id}`);
    expect(await screen.findByRole("link", { name: "Fill in missing runs" }, PATIENT)).toHaveAttribute("href", `/w/acme/backfills/new?deployment=${DEPLOYMENT.id}`);
    await user.click(within(screen.getByRole("main")).getByRole("link", { name: "Backfills" }));

    const all = await screen.findByRole("link", { name: "see all" }, PATIENT);
    expect(here().href).toBe(`/w/acme/backfills?deployment=${DEPLOYMENT.id}`);
    expect(await screen.findByRole("link", { name: `${DEPLOYMENT.flow.name} / ${DEPLOYMENT.name}` }, PATIENT)).toHaveAttribute("href", `/w/acme/deployments/${DEPLOYMENT.id}`);
    await user.click(all);
    await waitFor(() => expect(here().href).toBe("/w/acme/backfills"), PATIENT);
  });
});

describe("a new backfill", () => {
  it("sets parameters of its own by their types, and those only", async () => {
    const sent: BackfillInput[] = [];
    server.use(
      http.post("*/backfills/preview", async ({ request }) => {
        sent.push((await request.json()) as BackfillInput);
        return refusal(400, "invalid_request", "It can't be made.", { "parameters.limit": ["Too many for the source."] });
      }),
      http.post("*/backfills", () => refusal(400, "invalid_request", "It can't be made.", { "parameters.limit": ["Not so many."] })),
    );
    const { user } = visit(`/w/acme/backfills/new?deployment=${DEPLOYMENT.id}`);
    const parameter = await screen.findByLabelText("Parameter that gets the part", {}, PATIENT);
    await waitFor(() => expect(within(parameter).getByText("day")).toBeInTheDocument(), PATIENT);
    await user.selectOptions(parameter, "day");
    await user.click(screen.getByRole("combobox", { name: "Own parameters" }));
    const choices = await screen.findByRole("listbox", {}, PATIENT);
    expect(within(choices).queryByRole("option", { name: "day" })).not.toBeInTheDocument();
    await user.click(within(choices).getByRole("option", { name: "limit" }));

    const limit = screen.getByLabelText("limit");
    fireEvent.change(limit, { target: { value: "many" } });
    expect(await screen.findByText("Enter a number.", {}, PATIENT)).toBeVisible();
    expect(screen.getByRole("button", { name: "Start backfill" })).toHaveAccessibleDescription("Mend its own parameters.");
    fireEvent.change(limit, { target: { value: "7" } });
    await waitFor(() => expect(sent.at(-1)).toMatchObject({ parameter: "day", parameters: { limit: 7 } }), PATIENT);
    expect(await screen.findByText("limit: Too many for the source.", {}, PATIENT)).toBeVisible();
    await user.click(screen.getByText("Start backfill"));

    await waitFor(() => expect(limit).toHaveAccessibleDescription("Not so many."), PATIENT);
    expect(sent.slice(0, -1).some((each) => each.parameters?.["limit"] === "many")).toBe(false);
  });

  it("tells what would be made and what it takes, and starts it", async () => {
    const sent: BackfillInput[] = [];
    serve(BACKFILL);
    server.use(
      http.post("*/backfills/preview", async ({ request }) => {
        const { cron } = (await request.json()) as BackfillInput;
        if (cron === "9 9 9 9 99") return refusal(400, "invalid_request", "It can't be made.", { cron: ["No such weekday."] });
        const estimate = { seconds_each: 60, seconds_total: 300, past_runs: 4, cost: { task_runs: 70, vcpu_seconds: null, gb_seconds: null } };
        return HttpResponse.json({ parts: 7, first: ["2026-03-01", "2026-03-02"], last: "2026-03-07", estimate });
      }),
      http.post("*/backfills", async ({ request }) => {
        sent.push((await request.json()) as BackfillInput);
        return HttpResponse.json(BACKFILL, { status: 201 });
      }),
    );
    const { user, here } = visit(`/w/acme/backfills/new?deployment=${DEPLOYMENT.id}`);
    const parameter = await screen.findByLabelText("Parameter that gets the part", {}, PATIENT);
    await waitFor(() => expect(within(parameter).getByText("day")).toBeInTheDocument(), PATIENT);
    await user.selectOptions(parameter, "day");
    expect(await screen.findByText("7 runs", {}, PATIENT)).toBeVisible();
    expect(screen.getByText(/About 1m 00s each, 5m 00s in all; 70 task runs/)).toBeVisible();
    expect(screen.getByText("… 4 more")).toBeVisible();

    fireEvent.change(screen.getByLabelText("Cron line"), { target: { value: "9 9 9 9 99" } });
    expect(await screen.findByText("No such weekday.", {}, PATIENT)).toBeVisible();
    fireEvent.change(screen.getByLabelText("Cron line"), { target: { value: "0 6 * * *" } });
    await user.click(screen.getByText("Start backfill"));

    await waitFor(() => expect(here().pathname).toBe("/w/acme/backfills/b1"), PATIENT);
    expect(sent[0]).toMatchObject({ kind: "RANGE", cron: "0 6 * * *", parameter: "day", concurrency: 2, deployment_id: DEPLOYMENT.id });
  });
});
