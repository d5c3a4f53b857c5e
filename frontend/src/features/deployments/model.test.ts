import { expect, it } from "vitest";

import { codeText, deploymentsAnswer, durationTicks, isInTrouble, overlapText, parseDeploymentSearch, recentSuccess, restingSchedule, scheduleNotes } from "./model";

it("counts only runs that ended by themselves", () => {
  const run = (state_type: "COMPLETED" | "FAILED" | "RUNNING" | "CANCELLED") => ({ id: "", state: state_type, state_type, duration_ms: 1, created_at: "" });

  expect(recentSuccess({ recent_runs: [run("COMPLETED"), run("FAILED"), run("RUNNING"), run("CANCELLED")] })).toBe(0.5);
  expect(recentSuccess({ recent_runs: [run("RUNNING")] })).toBeNull();
});

it.each([
  [402, [200, 400]],
  [3_600, [2_000]],
  [40_100, [15_000, 30_000]],
  [3, [1, 2, 3]],
])("draws lines at round durations below %s ms", (longest, lines) => {
  expect(durationTicks(longest)).toEqual(lines);
});

it("judges a deployment by its newest finished run", () => {
  const run = (state_type: "COMPLETED" | "CRASHED" | "RUNNING" | "CANCELLED") => ({ id: "", state: state_type, state_type, duration_ms: 1, created_at: "" });

  expect(isInTrouble({ recent_runs: [run("RUNNING"), run("CRASHED"), run("COMPLETED")] })).toBe(true);
  expect(isInTrouble({ recent_runs: [run("CANCELLED"), run("COMPLETED"), run("CRASHED")] })).toBe(false);
  expect(isInTrouble({ recent_runs: [] })).toBe(false);
});

it("opens with what failed, then with what is late", () => {
  const of = (state: "COMPLETED" | "FAILED" | "LATE", state_type: "COMPLETED" | "FAILED" | "SCHEDULED") => ({ schedules: [], recent_runs: [{ id: "", state, state_type, duration_ms: null, created_at: "" }] });
  const [fine, failed, late] = [of("COMPLETED", "COMPLETED"), of("FAILED", "FAILED"), of("LATE", "SCHEDULED")];

  expect(deploymentsAnswer([fine])).toBe("The one deployment is fine");
  expect(deploymentsAnswer([fine, fine])).toBe("All 2 deployments are fine");
  expect(deploymentsAnswer([fine, late])).toBe("1 of 2 deployments is late");
  expect(deploymentsAnswer([late, failed, late])).toBe("1 of 3 deployments needs you, 2 are late");
});

it("counts a schedule at rest among what needs somebody, unless it is off anyway", () => {
  const schedule = { id: "s", name: "", kind: "CRON", cron: "0 5 * * *", interval_seconds: null, anchor_at: null, rrule: null, once_at: null, timezone: "Mars/Olympus", jitter_seconds: 0, declared: true, missed_policy: "LATEST", missed_cap: 10, parameters: {}, paused: false, next_at: null, fault: "No time zone is called 'Mars/Olympus'." } as const;
  const fine = { recent_runs: [], schedules: [{ ...schedule, fault: null }] };
  const resting = { recent_runs: [], schedules: [{ ...schedule, fault: null }, schedule] };

  expect(deploymentsAnswer([fine, resting])).toBe("1 of 2 deployments needs you");
  expect(restingSchedule(resting)).toBe(schedule);
  expect(restingSchedule({ schedules: [{ ...schedule, paused: true }] })).toBeNull();
});

it.each([
  [{ overlap: "ALLOW", concurrency_limit: null } as const, "any number at once"],
  [{ overlap: "ALLOW", concurrency_limit: 3 } as const, "at most 3 at once; another one waits"],
  [{ overlap: "SKIP", concurrency_limit: null } as const, "at most 1 at once; another one is skipped"],
  [{ overlap: "CANCEL_RUNNING", concurrency_limit: 2 } as const, "at most 2 at once; another one cancels what goes on"],
])("says how runs of %j overlap", (deployment, text) => {
  expect(overlapText(deployment)).toBe(text);
});

it("says where code is", () => {
  const none = { bundle: null, path: "/srv/flows" };
  const git = { kind: "git", url: "https://git.example.com/flows.git", ref: "main", folder: "" } as const;

  expect(codeText({ ...none, code: null })).toBe("/srv/flows");
  expect(codeText({ ...none, code: git })).toBe("https://git.example.com/flows.git @ main");
  expect(codeText({ ...none, code: { kind: "image", image: "flows:3" } })).toBe("flows:3");
  expect(codeText({ ...none, code: { kind: "object_store", url: "s3://flows/load.zip" } })).toBe("s3://flows/load.zip");
});

it("notes of a schedule what is not as usual", () => {
  const usual = { jitter_seconds: 0, missed_policy: "LATEST", missed_cap: 10, parameters: {}, declared: true } as const;

  expect(scheduleNotes(usual)).toBe("");
  expect(scheduleNotes({ ...usual, declared: false })).toBe("made by hand, deploys leave it alone");
  expect(scheduleNotes({ ...usual, jitter_seconds: 300, missed_policy: "ALL", missed_cap: 1, parameters: { full: true } })).toBe("up to 5m later · makes up for 1 missed time · sets full");
});

it("reads what is open of the page out of its address", () => {
  expect(parseDeploymentSearch({ run: "now", tab: "levels", version: "3", schedule: "new", level: "l1" })).toEqual({ run: "now", tab: "levels", version: "3", schedule: "new", level: "l1" });
  expect(parseDeploymentSearch({ run: "later", tab: "nonsense" })).toEqual({});
});
