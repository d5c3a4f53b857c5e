import { expect, it } from "vitest";

import type { OverviewFlow, Tick } from "@/schema/wire/overview";

import { checklistSteps, sortFlows, trendOf } from "./model";

function ticks(...durations: number[]): Tick[] {
  return durations.map((duration_ms, index) => ({ id: String(index), state_type: "COMPLETED", duration_ms }));
}

it.each([
  [ticks(10, 10, 10, 10, 10, 10, 10, 10, 10, 10), "steady"],
  [ticks(10, 10, 10, 10, 10, 20, 20, 20, 20, 20), "slower"],
  [ticks(20, 20, 20, 20, 20, 10, 10, 10, 10, 10), "faster"],
  [ticks(10, 10, 10), null],
])("reads a trend off %#", (given, trend) => {
  expect(trendOf(given)).toBe(trend);
});

it("puts flows in trouble first", () => {
  const flow = (name: string, last: Tick["state_type"]): OverviewFlow => ({ flow: { id: name, name }, deployment_id: null, ticks: [{ id: "1", state_type: last, duration_ms: 1 }], success_ratio: 1, p95_duration_ms: 1, next_run_at: null });

  expect(sortFlows([flow("a", "COMPLETED"), flow("b", "CRASHED"), flow("c", "COMPLETED")]).map((each) => each.flow.name)).toEqual(["b", "a", "c"]);
});

it("fills the address of the server into the commands", () => {
  const steps = checklistSteps({ has_key: true, has_run: false, has_deployment: false, has_agent: false, has_event: false }, "https://headway.example.com", "acme");

  expect(steps.map((step) => step.done)).toEqual([true, false, false, false, false]);
  expect(steps[1]?.code).toContain("headway login --url https://headway.example.com \\\n  --workspace acme && python flow.py");
  // Beside each other, two columns of 1280 px have no room for more; what is cut nobody sees.
  expect(Math.max(...steps.flatMap((step) => (step.code ?? "").split("\n")).map((line) => line.length))).toBeLessThanOrEqual(60);
  // What is run and deployed is what was written before.
  expect(steps[1]?.code).toMatch(/cat > flow\.py[^]*def main\(\)[^]*python flow\.py$/);
  expect(steps[2]?.code).toContain("deploy flow.py:main");
});
