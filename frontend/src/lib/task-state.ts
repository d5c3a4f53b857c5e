import { formatDuration, trimNumber } from "@/lib/units";
import type { StateKind } from "@/lib/run-state";
import type { RunCause } from "@/schema/wire/runs";
import type { Backend, Phase, RunTask, Size, TaskState } from "@/schema/wire/compute";

interface TaskWords {
  readonly word: string;
  readonly kind: StateKind;
}

const STATES: Readonly<Record<TaskState, TaskWords>> = {
  REQUESTED: { word: "Waiting for a place", kind: "scheduled" },
  STARTING: { word: "Starting", kind: "pending" },
  RUNNING: { word: "Running", kind: "running" },
  STOPPING: { word: "Stopping", kind: "cancelling" },
  STOPPED: { word: "Finished", kind: "completed" },
};

/** How a task stands, in the shapes and colours of runs. What exited well without telling how its run ended left it crashed. */
export function taskWords(state: TaskState, cause: RunCause | null, exitCode: number | null, runState?: string): TaskWords {
  if (state !== "STOPPED") return STATES[state];
  if (cause !== null || runState === "CRASHED") return { word: "Crashed", kind: "crashed" };
  return exitCode === 0 ? STATES.STOPPED : { word: "Stopped", kind: "cancelled" };
}

export const BACKEND_WORDS: Readonly<Record<Backend | "OFF", string>> = { LOCAL: "this machine", FARGATE: "AWS Fargate", OFF: "nowhere" };

/** "0.5 vCPU, 1 GiB" */
export function sizeText({ cpu, memory_mb }: Size): string {
  const memory = memory_mb >= 1024 ? `${trimNumber(memory_mb / 1024)} GiB` : `${memory_mb} MiB`;
  return `${trimNumber(cpu)} vCPU, ${memory}`;
}

/** What a task is about until the phase is reached. */
const UNTIL: Readonly<Record<Exclude<Phase, "REQUESTED">, { readonly label: string; readonly color: string }>> = {
  LAUNCHED: { label: "Waiting for a place", color: "var(--state-scheduled)" },
  STARTED: { label: "Starting", color: "var(--state-pending)" },
  FETCHED: { label: "Fetching the code", color: "var(--series-2)" },
  PREPARED: { label: "Preparing the environment", color: "var(--series-3)" },
  STOPPED: { label: "Running", color: "var(--state-running)" },
};
const ORDER: readonly Phase[] = ["REQUESTED", "LAUNCHED", "STARTED", "FETCHED", "PREPARED", "STOPPED"];

export interface PhasePart {
  readonly label: string;
  readonly color: string;
  readonly from: number;
  readonly to: number;
  /** Per cent of the bar. */
  readonly width: number;
  /** It goes on. */
  readonly open: boolean;
}

const LEAST = 2.5; // per cent: what was short is still seen

/** The life of a task as stretches of time, each named by what it led to. */
export function phaseParts(task: Pick<RunTask, "phases" | "state">, now: number): PhasePart[] {
  // A process may say that it started before its launcher hears of it: the order is of the phases, not of the clocks.
  const reached: { phase: Phase; at: number }[] = [];
  for (const phase of ORDER) {
    const found = task.phases.find((each) => each.phase === phase);
    if (found !== undefined) reached.push({ phase, at: Math.max(Date.parse(found.at), reached.at(-1)?.at ?? 0) });
  }
  const spans: Omit<PhasePart, "width">[] = [];
  reached.forEach(({ phase, at }, index) => {
    const before = reached[index - 1];
    if (before === undefined || phase === "REQUESTED") return;
    // Stopped before it ran: what ended is what it was about then.
    const during = phase === "STOPPED" ? nextOf(reached.slice(0, index).map((each) => each.phase)) : phase;
    if (at > before.at || reached.length === 2) spans.push({ ...UNTIL[during], from: before.at, to: at, open: false });
  });
  const last = reached.at(-1);
  if (last !== undefined && task.state !== "STOPPED" && last.phase !== "STOPPED") {
    const next = nextOf(reached.map((each) => each.phase));
    spans.push({ ...UNTIL[next], label: task.state === "STOPPING" ? "Stopping" : UNTIL[next].label, from: last.at, to: Math.max(now, last.at), open: true });
  }
  const total = spans.reduce((sum, each) => sum + each.to - each.from, 0);
  const free = 100 - LEAST * spans.length;
  return spans.map((each) => ({ ...each, width: total === 0 ? 100 / spans.length : LEAST + ((each.to - each.from) / total) * free }));
}

function nextOf(reached: readonly Phase[]): Exclude<Phase, "REQUESTED"> {
  const furthest = Math.max(...reached.map((phase) => ORDER.indexOf(phase)));
  const next = ORDER[furthest + 1];
  return next === undefined || next === "REQUESTED" ? "STOPPED" : next;
}

/** Why a process ended, in words a person would use. */
export function causeWords(cause: RunCause | null): string | null {
  if (cause === null) return null;
  const detail = cause.detail === null || cause.detail === undefined || cause.detail === "" ? "" : `: ${cause.detail}`;
  switch (cause.kind) {
    case "exit_code":
      // What it said last is seldom why it ended.
      return `the process ended with exit code ${cause.exit_code ?? "unknown"}${detail === "" ? "" : `. Its last line${detail}`}`;
    case "signal":
      return `the process was killed by signal ${cause.signal ?? "unknown"}${detail}`;
    case "oom":
      return `the process ran out of memory${detail}`;
    case "lease_expired":
      return `no heartbeat arrived for 30 s${detail}`;
    case "agent_lost":
      return `the agent was lost${detail}`;
    case "timeout":
      return `it ran longer than its timeout${detail}`;
    case "start_failed":
      return `it could not be started${detail}`;
    case "evicted":
      return `the machine was taken away from it${detail}`;
    case "killed":
      return `Headway killed it, as it did not stop in time${detail}`;
    case "quarantined":
      return `it crashed too often before it could begin, and is not tried again${detail}`;
    default:
      return `${cause.kind}${detail}`;
  }
}

/** With a capital in front and one full stop. */
export function asSentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?…]$/.test(words) ? "" : "."}`;
}

/** "1m 24s managed, 42 vCPU seconds, 84 GB seconds"; null until it is known. */
export function usedText(task: Pick<RunTask, "managed_seconds" | "vcpu_seconds" | "gb_seconds">): string | null {
  if (task.managed_seconds === null) return null;
  const rest = [
    [task.vcpu_seconds, "vCPU s"],
    [task.gb_seconds, "GB s"],
  ] as const;
  return [formatDuration(task.managed_seconds * 1000).replace(/\.0 s$/, " s"), ...rest.flatMap(([count, unit]) => (count === null ? [] : [`${trimNumber(count)} ${unit}`]))].join(" · ");
}
