import { describe, expect, it } from "vitest";

import type { Run, Transition } from "@/schema/wire/runs";
import { world } from "@/testing/world";

import { cancelDenial, copyDenial, pauseDenial, resumeDenial, resumesWords, retryDenial, ribbonParts, ribbonWidths, runSentence, suspendDenial } from "./run-model";

function transition(state: Transition["state"], second: number, rest: Partial<Transition> = {}): Transition {
  const at = new Date(second * 1000).toISOString();
  return { id: `${state}${second}`, state, state_type: "RUNNING", occurred_at: at, received_at: at, epoch: 1, superseded: false, message: "", task_run_id: null, ...rest };
}

describe("ribbonParts", () => {
  it("ends each state where the next begins, and the last now", () => {
    const parts = ribbonParts([transition("RUNNING", 20), transition("SCHEDULED", 10)], 50_000);

    expect(parts.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ["scheduled", 10_000, 20_000],
      ["running", 20_000, 50_000],
    ]);
  });

  it("leaves out superseded evidence and task runs", () => {
    const parts = ribbonParts([transition("RUNNING", 1), transition("FAILED", 2, { superseded: true }), transition("RUNNING", 3, { task_run_id: "t" })], 9_000);

    expect(parts).toHaveLength(1);
  });

  it("keeps the order of what happened within a millisecond", () => {
    const ended = transition("FAILED", 5, { id: "a", state_type: "FAILED", occurred_at: "2026-11-22T14:19:40.709975Z" });
    const began = transition("RUNNING", 5, { id: "b", occurred_at: "2026-11-22T14:19:40.709280Z" });

    expect(ribbonParts([ended, began], 0).map(({ kind }) => kind)).toEqual(["running", "failed"]);
  });

  it("lets a final state end where it began", () => {
    const [part] = ribbonParts([transition("COMPLETED", 5, { state_type: "COMPLETED" })], 99_000);

    expect(part?.to).toBe(part?.from);
  });
});

it("keeps every part visible however short it was", () => {
  const parts = ribbonParts([transition("SCHEDULED", 0), transition("RUNNING", 1), transition("COMPLETED", 10_000, { state_type: "COMPLETED" })], 0);
  const widths = ribbonWidths(parts);

  expect(Math.min(...widths)).toBeGreaterThanOrEqual(3);
  expect(widths.reduce((sum, width) => sum + width, 0)).toBeCloseTo(100);
});

const base = world.runs.find((each) => each.state === "COMPLETED") as Run;

it("says why a run can't be cancelled or retried", () => {
  const ended: Run = { ...base, may: { cancel: false, retry: false }, source: "LOCAL" };

  expect(cancelDenial(ended, null)).toBe("The run already ended.");
  expect(retryDenial(ended, null)).toBe("It ran in a local process; start it there again.");
  expect(cancelDenial({ ...base, may: { cancel: true, retry: false } }, null)).toBeNull();
  expect(cancelDenial({ ...base, may: { cancel: true, retry: true } }, "no scope")).toBe("no scope");
});

it("sums a failed run up, and leaves the cause to the panel below", () => {
  const run: Run = { ...base, state: "CRASHED", state_type: "CRASHED", duration_ms: 61_000, cause: { kind: "signal", signal: "SIGKILL" } };

  const { task_counts: _, ...none } = run;

  expect(runSentence({ ...none, task_counts: { COMPLETED: 6, FAILED: 1 } })).toBe("Crashed after 1m 01s, 6 of 7 task runs done.");
  expect(runSentence({ ...none, task_counts: null, cause: null, error: null })).toBe("Crashed after 1m 01s; no reason was reported.");
  expect(runSentence({ ...none, task_counts: null, started_at: null })).toBe("Crashed before it could report its start.");
  expect(runSentence({ ...none, task_counts: null, started_at: null, cause: { kind: "start_failed" } })).toBe("Crashed before it began.");
});

it("counts what a running run does now", () => {
  const run: Run = { ...base, state: "RUNNING", state_type: "RUNNING", task_counts: { COMPLETED: 22, RUNNING: 3, FAILED: 1 } };

  expect(runSentence(run)).toBe("Running: 22 task runs done, 3 running, 1 failed.");
});

it("gives the wait between two attempts no room", () => {
  const over = { state_type: "FAILED" } as const;
  const parts = ribbonParts([transition("RUNNING", 0), transition("FAILED", 1, over), transition("RUNNING", 101), transition("FAILED", 102, over)], 0);

  expect(ribbonWidths(parts)).toEqual([47, 3, 47, 3]);
});

it("says why a run can't be held, taken up or copied", () => {
  const none = { cancel: false, retry: false };
  const running: Run = { ...base, state: "RUNNING", state_type: "RUNNING", may: none };

  expect(pauseDenial({ ...running, may: { ...none, pause: true } }, null)).toBeNull();
  expect(pauseDenial(running, null)).toMatch(/Rules of its deployment/);
  expect(pauseDenial({ ...running, state: "LATE", state_type: "SCHEDULED" }, null)).toBe("It has not begun yet.");
  expect(suspendDenial({ ...running, source: "LOCAL" }, null)).toMatch(/nobody else could take it up/);
  expect(suspendDenial({ ...running, state: "PAUSED", state_type: "PAUSED", resumes: { kind: "suspending" } }, null)).toBe("It is leaving already.");
  expect(resumeDenial({ ...running, state: "PAUSED", state_type: "PAUSED", resumes: { kind: "suspending" } }, null)).toMatch(/once it has left/);
  expect(suspendDenial({ ...running, state: "AWAITING_APPROVAL", state_type: "PAUSED" }, null)).toMatch(/^Rules of/);
  expect(copyDenial({ ...running, deployment: null }, null)).toBe("No deployment says how to run it again.");
  expect(copyDenial({ ...running, deployment: null }, "no scope")).toBe("no scope");
});

it.each([
  [null, ""],
  [{ kind: "suspending" }, ""],
  [{ kind: "suspended", attempt: 1 }, ", taken up where it left"],
  [{ kind: "failed", attempt: 1 }, ", from what failed of attempt 1"],
] as const)("says what an attempt goes on with: %j", (resumes, words) => {
  expect(resumesWords({ resumes, attempt: 2 })).toBe(words);
});
