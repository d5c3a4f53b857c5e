import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import type { Deployment, Schedule, ScheduleInput } from "@/schema/wire/deployments";
import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

function first(): Deployment {
  const found = world.deploymentRows.find((each) => !each.paused);
  if (found === undefined) throw new Error("the demo has no such deployment");
  return found;
}

function withSchedules(schedules: readonly Partial<Schedule>[]): Deployment {
  const like = first();
  const [schedule] = like.schedules;
  const shown = { ...like, schedules: schedules.map((each, index) => ({ ...schedule, cron: null, interval_seconds: null, ...each, id: `s${index}` })) };
  server.use(http.get("*/deployments/:id", () => HttpResponse.json(shown)));
  return like;
}

describe("saying when a deployment starts", () => {
  it("shows the next times while one chooses, and adds the schedule", async () => {
    const sent: ScheduleInput[] = [];
    const deployment = first();
    server.use(
      http.post("*/deployments/:id/schedules", async ({ request }) => {
        sent.push((await request.json()) as ScheduleInput);
        return HttpResponse.json({}, { status: 201 });
      }),
    );
    const { user, here } = visit(`/w/acme/deployments/${deployment.id}?schedule=new`);
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    const preview = within(dialog).getByLabelText("Next times");
    expect(await within(preview).findByText("The next 20 times.", {}, PATIENT)).toBeVisible();

    await user.click(within(dialog).getByLabelText("Calendar rule"));
    await user.selectOptions(within(dialog).getByLabelText("Of"), "weeks");
    await user.click(within(dialog).getByLabelText("Wed"));
    await user.click(within(dialog).getByLabelText("Write the rule as text"));
    expect(within(dialog).getByLabelText("Rule")).toHaveValue("FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=18;BYMINUTE=0");
    fireEvent.change(within(dialog).getByLabelText("Name"), { target: { value: "twice a week" } });
    await user.click(within(dialog).getByText("Add schedule"));

    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument(), PATIENT);
    expect(here().searchStr).toBe("");
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ kind: "RRULE", rrule: "FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=18;BYMINUTE=0", name: "twice a week", missed_policy: "LATEST" });
    expect(sent[0]).not.toHaveProperty("cron");
    // Many steps through a large form: on a busy machine they add up.
  }, 90_000);

  it("says in the list of deployments which has a schedule that rests, and why", async () => {
    const rows = world.deploymentRows.map((row) => ({ ...row, recent_runs: [], schedules: row.schedules.map((each) => (row.id === first().id ? { ...each, next_at: null, fault: "No time zone is called 'Mars/Base'." } : { ...each, fault: null })) }));
    server.use(http.get("*/api/v1/workspaces/:workspace/deployments", () => HttpResponse.json({ items: rows, next_cursor: null })));
    visit("/w/acme/deployments");

    expect(await screen.findByText(`1 of ${rows.length} deployments needs you`, {}, PATIENT)).toBeVisible();
    const row = screen.getByText("Rests: No time zone is called 'Mars/Base'.").closest("tr");
    expect(row).toHaveTextContent(first().flow.name);
  });

  it("says why a schedule rests that nobody paused", async () => {
    const deployment = withSchedules([{ cron: "0 6 * * *", timezone: "Mars/Base", next_at: null, fault: "No time zone is called 'Mars/Base'." }]);
    visit(`/w/acme/deployments/${deployment.id}`);

    expect(await screen.findByText("It rests: No time zone is called 'Mars/Base'. Change it to let it go on.", {}, PATIENT)).toBeVisible();
    expect(screen.getByText("None: its schedule rests. Schedules says why.")).toBeVisible();
  });

  it("marks the change of the clocks, and says what can't be understood", async () => {
    server.use(
      http.post("*/schedules/preview", async ({ request }) => {
        const { cron } = (await request.json()) as { cron: string };
        if (cron.startsWith("99")) return refusal(400, "invalid_request", "The times cannot be understood.", { cron: ["Minute 99 is out of range."] });
        return HttpResponse.json({
          times: [
            { due_at: "2031-03-29T05:00:00Z", local: "2031-03-29T06:00:00+01:00" },
            { due_at: "2031-03-30T04:00:00Z", local: "2031-03-30T06:00:00+02:00" },
          ],
        });
      }),
    );
    const { user } = visit(`/w/acme/deployments/${first().id}?schedule=new`);
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    expect(await within(dialog).findByText("Clocks go forward by 1h, to UTC+02:00", {}, PATIENT)).toBeVisible();

    const cron = within(dialog).getByLabelText("Cron line");
    fireEvent.change(cron, { target: { value: "99 * * * *" } });
    expect(await within(dialog).findByText("Minute 99 is out of range.", {}, PATIENT)).toBeVisible();
    fireEvent.change(cron, { target: { value: "99" } });
    await user.click(within(dialog).getByText("Add schedule"));
    expect(within(dialog).getByText("Five fields, separated by spaces.")).toBeVisible();
  });

  it("lists each kind in words and changes one, saying only what is new", async () => {
    const sent: unknown[] = [];
    const deployment = withSchedules([
      { kind: "RRULE", rrule: "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18;BYMINUTE=0", name: "payday", jitter_seconds: 300, missed_policy: "SKIP", timezone: "UTC" },
      { kind: "ONCE", once_at: "2031-01-01T05:00:00Z", timezone: "Europe/Berlin" },
    ]);
    server.use(
      http.patch("*/schedules/:id", async ({ request, params }) => {
        sent.push([params["id"], await request.json()]);
        return HttpResponse.json({});
      }),
    );
    const { user } = visit(`/w/acme/deployments/${deployment.id}`);
    expect((await screen.findAllByText(/every month on the last Friday at 18:00 UTC/, {}, PATIENT))[0]).toBeVisible();
    expect(screen.getByText("up to 5m later · missed times are skipped")).toBeVisible();
    expect(screen.getAllByText(/once, Wed 1 Jan 2031, 06:00 Europe\/Berlin/)[0]).toBeVisible();

    await user.click(screen.getByRole("button", { name: "Change schedule payday" }));
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    await user.selectOptions(within(dialog).getByLabelText("Which"), "first");
    await user.click(within(dialog).getByText("Save"));

    await waitFor(() => expect(sent).toEqual([["s0", { rrule: "FREQ=MONTHLY;BYDAY=1FR;BYHOUR=18;BYMINUTE=0" }]]), PATIENT);
  });

  it("keeps the form from whoever may only look", async () => {
    asViewer();
    visit(`/w/acme/deployments/${first().id}?schedule=new`);

    const add = await screen.findByRole("button", { name: "Add" }, PATIENT);
    expect(add).toHaveAttribute("aria-disabled", "true");
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });
});
