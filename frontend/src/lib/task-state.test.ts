import { describe, expect, it } from "vitest";

import type { Phase, RunTask } from "@/schema/wire/compute";
import type { RunCause } from "@/schema/wire/runs";

import { asSentence, causeWords, phaseParts, sizeText, taskWords, usedText } from "./task-state";

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
const phases = (...reached: readonly (readonly [Phase, number])[]): RunTask["phases"] => reached.map(([phase, seconds]) => ({ phase, at: at(seconds) }));
const words = (task: Pick<RunTask, "phases" | "state">, now = 0) => phaseParts(task, now).map((part) => `${part.label} ${(part.to - part.from) / 1000}${part.open ? "+" : ""}`);

describe("the phases of a task", () => {
  const whole = phases(["REQUESTED", 0], ["LAUNCHED", 1], ["STARTED", 3], ["FETCHED", 4], ["PREPARED", 9], ["STOPPED", 59]);

  it("are named by what each led to, in the order of their times", () => {
    const shuffled = [...whole].reverse();

    expect(words({ phases: shuffled, state: "STOPPED" })).toEqual(["Waiting for a place 1", "Starting 2", "Fetching the code 1", "Preparing the environment 5", "Running 50"]);
  });

  it("keep their order when clocks disagree", () => {
    const early = phases(["REQUESTED", 0], ["STARTED", 2], ["LAUNCHED", 3], ["FETCHED", 4]);

    expect(words({ phases: early, state: "RUNNING" }, Date.parse(at(5)))).toEqual(["Waiting for a place 3", "Fetching the code 1", "Preparing the environment 1+"]);
  });

  it("go on until the next one", () => {
    expect(words({ phases: whole.slice(0, 4), state: "RUNNING" }, Date.parse(at(14)))).toEqual(["Waiting for a place 1", "Starting 2", "Fetching the code 1", "Preparing the environment 10+"]);
    expect(words({ phases: whole.slice(0, 1), state: "REQUESTED" }, Date.parse(at(5)))).toEqual(["Waiting for a place 5+"]);
    expect(words({ phases: whole.slice(0, 5), state: "STOPPING" }, Date.parse(at(10))).at(-1)).toBe("Stopping 1+");
  });

  it("say what a task was about when it ended too early", () => {
    const early = [...whole.slice(0, 4), { phase: "STOPPED" as const, at: at(8) }];

    expect(words({ phases: early, state: "STOPPED" }).at(-1)).toBe("Preparing the environment 4");
  });

  it("stay visible however short, and fill the bar", () => {
    const parts = phaseParts({ phases: whole, state: "STOPPED" }, 0);

    expect(Math.min(...parts.map((part) => part.width))).toBeGreaterThanOrEqual(2.5);
    expect(parts.reduce((sum, part) => sum + part.width, 0)).toBeCloseTo(100);
    expect(phaseParts({ phases: [], state: "REQUESTED" }, 0)).toEqual([]);
    expect(phaseParts({ phases: phases(["REQUESTED", 1], ["STOPPED", 1]), state: "STOPPED" }, 0)[0]?.width).toBe(100);
  });
});

it.each([
  ["RUNNING", null, null, "running"],
  ["STOPPED", null, 0, "completed"],
  ["STOPPED", null, 1, "cancelled"],
  ["STOPPED", { kind: "oom" }, 137, "crashed"],
] as const)("draws %s with %j and exit code %j as %s", (state, cause, exitCode, kind) => {
  expect(taskWords(state, cause, exitCode).kind).toBe(kind);
});

it("does not call a task finished whose run crashed, or whose end is not known", () => {
  expect(taskWords("STOPPED", null, 0, "CRASHED")).toEqual({ word: "Crashed", kind: "crashed" });
  expect(taskWords("STOPPED", null, null, "RUNNING")).toEqual({ word: "Stopped", kind: "cancelled" });
  expect(taskWords("STOPPED", null, 0, "COMPLETED")).toEqual({ word: "Finished", kind: "completed" });
});

it.each([
  [{ cpu: 0.25, memory_mb: 512 }, "0.25 vCPU, 512 MiB"],
  [{ cpu: 16, memory_mb: 122_880 }, "16 vCPU, 120 GiB"],
])("writes the size %j", (size, text) => {
  expect(sizeText(size)).toBe(text);
});

it("ends a sentence once", () => {
  expect([asSentence("it ended"), asSentence("it ended.")]).toEqual(["It ended.", "It ended."]);
});

it("says what was used once it is known", () => {
  expect(usedText({ managed_seconds: null, vcpu_seconds: null, gb_seconds: null })).toBeNull();
  expect(usedText({ managed_seconds: 42, vcpu_seconds: 21, gb_seconds: 1_042 })).toBe("42 s · 21 vCPU s · 1,042 GB s");
  expect(usedText({ managed_seconds: 84, vcpu_seconds: null, gb_seconds: null })).toBe("1m 24s");
});

it.each<[RunCause | null, string | null]>([
  [{ kind: "exit_code", exit_code: 137 }, "the process ended with exit code 137"],
  [{ kind: "exit_code", exit_code: 3, detail: "3 rows" }, "the process ended with exit code 3. Its last line: 3 rows"],
  [{ kind: "oom", detail: "512 MB" }, "the process ran out of memory: 512 MB"],
  [{ kind: "lease_expired" }, "no heartbeat arrived for 30 s"],
  [{ kind: "evicted" }, "the machine was taken away from it"],
  [{ kind: "killed" }, "Headway killed it, as it did not stop in time"],
  [{ kind: "quarantined", detail: "3 times" }, "it crashed too often before it could begin, and is not tried again: 3 times"],
  [{ kind: "timeout", detail: "" }, "it ran longer than its timeout"],
  [null, null],
])("words the cause %j", (cause, words) => {
  expect(causeWords(cause)).toBe(words);
});
