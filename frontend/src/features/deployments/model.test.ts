import { expect, it } from "vitest";

import { durationTicks, isInTrouble, recentSuccess } from "./model";

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
