import { isFinal } from "@/lib/run-state";
import type { ManagedTask, Phase, RunTask } from "@/schema/wire/compute";
import type { Run } from "@/schema/wire/runs";

import { iso } from "./random";

const SIZE = { cpu: 0.5, memory_mb: 1024 };
const BEGIN: readonly (readonly [Phase, number])[] = [
  ["REQUESTED", -6_200],
  ["LAUNCHED", -5_900],
  ["STARTED", -4_400],
  ["FETCHED", -3_700],
  ["PREPARED", 0],
];

export function isManaged(run: Run): boolean {
  return run.pool?.name === "managed";
}

/** The tasks of a managed run: one for each attempt, the newest first. */
export function makeTasks(run: Run): RunTask[] {
  if (run.started_at === null) return [];
  const started = Date.parse(run.started_at);
  const over = isFinal(run.state_type);
  const ended = run.ended_at === null ? null : Date.parse(run.ended_at);
  const crashed = run.state_type === "CRASHED";
  const seconds = ended === null ? null : Math.ceil((ended - started + 6_600) / 1000);
  const latest: RunTask = {
    epoch: run.attempt,
    backend: "LOCAL",
    size: SIZE,
    state: over ? "STOPPED" : "RUNNING",
    phases: [...BEGIN.map(([phase, offset]) => ({ phase, at: iso(started + offset) })), ...(ended === null ? [] : [{ phase: "STOPPED" as const, at: iso(ended + 400) }])],
    exit_code: over ? (crashed ? 137 : 0) : null,
    cause: crashed ? { kind: "oom", signal: "SIGKILL", detail: "It used more memory than its size has." } : null,
    reason: "",
    managed_seconds: seconds,
    vcpu_seconds: seconds === null ? null : Math.ceil(seconds * SIZE.cpu),
    gb_seconds: seconds,
  };
  if (run.attempt < 2) return [latest];
  const at = started - 60_000;
  const failed: RunTask = {
    ...latest,
    epoch: run.attempt - 1,
    state: "STOPPED",
    phases: [...BEGIN.slice(0, 4).map(([phase, offset]) => ({ phase, at: iso(at + offset) })), { phase: "STOPPED", at: iso(at + 2_100) }],
    exit_code: 1,
    cause: { kind: "start_failed", detail: "requirements do not resolve: no version of duckdb matches ==99.0" },
    managed_seconds: 9,
    vcpu_seconds: 5,
    gb_seconds: 9,
  };
  return [latest, failed];
}

export function makeTaskRows(runs: readonly Run[]): ManagedTask[] {
  return runs.filter(isManaged).flatMap((run) =>
    makeTasks(run).map((task) => {
      const at = (phase: Phase) => task.phases.find((each) => each.phase === phase)?.at ?? null;
      return {
        run: { id: run.id, name: run.name },
        run_state: run.state,
        deployment: run.deployment,
        size: task.size,
        state: task.state,
        requested_at: at("REQUESTED") ?? run.created_at,
        started_at: at("STARTED"),
        stopped_at: at("STOPPED"),
        exit_code: task.exit_code,
        cause: task.cause,
        managed_seconds: task.managed_seconds,
      };
    }),
  );
}
