import type { LogLine, Run, TimelinePage, Transition } from "@/schema/wire/runs";
import { stateFacts, type StateName } from "@/lib/run-state";

import { BIG_RUN_ID } from "./runs";
import { demoId, iso, makeRandom } from "./random";

const STATES = ["COMPLETED", "FAILED", "RUNNING", "PENDING", "CANCELLED"] as const;
const TASKS = ["extract", "clean", "transform", "load", "check_rows"] as const;

/** Task runs in waves, as a mapped flow makes them: each stage of a chunk waits for the one before. */
export function makeTimeline(run: Run): TimelinePage {
  const started = run.started_at === null ? null : Date.parse(run.started_at);
  const total = Object.values(run.task_counts ?? {}).reduce((sum, count) => sum + count, 0);
  if (started === null || total === 0) return { epoch: 1, total: 0, task_names: [], states: [], rows: emptyRows(), origin_at: run.created_at, next_cursor: null, depends_on_outside: [] };
  const random = makeRandom(total + run.name.length);
  const span = run.duration_ms ?? run.estimated_duration_ms ?? 60_000;
  const elapsed = run.ended_at === null ? Date.now() - started : span;
  const lanes = run.id === BIG_RUN_ID ? 64 : 4;
  const chunks = Math.ceil(total / TASKS.length);
  const perTask = (span * 0.94 * lanes) / total;

  const made: { id: string; task: number; name: string; start: number; end: number; state: number; after: number }[] = [];
  const laneFree = new Float64Array(lanes);
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const lane = chunk % lanes;
    let after = -1;
    for (let stage = 0; stage < TASKS.length && made.length < total; stage += 1) {
      const length = perTask * (0.4 + random() * 1.2) * (stage === 2 ? 1.6 : stage === 4 ? 0.4 : 1);
      const start = laneFree[lane] ?? 0;
      const failed = run.state_type === "FAILED" && (run.id === BIG_RUN_ID ? random() < 0.00088 : made.length === total - 1);
      made.push({
        id: demoId(started + start, made.length),
        task: stage,
        name: `${TASKS[stage] ?? ""}[${chunk}]`,
        start,
        end: start + length,
        state: failed ? 1 : 0,
        after,
      });
      after = made.length - 1;
      laneFree[lane] = start + length + perTask * 0.08 * random();
    }
  }
  const order = made.map((_, index) => index).sort((a, b) => (made[a]?.start ?? 0) - (made[b]?.start ?? 0));
  const placeOf = new Int32Array(made.length);
  order.forEach((original, place) => (placeOf[original] = place));
  const rows = order.flatMap((index) => made[index] ?? []);
  const begun = (start: number) => start <= elapsed;
  const over = (end: number) => end <= elapsed;
  return {
    epoch: 1,
    total,
    task_names: TASKS,
    states: STATES,
    origin_at: run.started_at ?? run.created_at,
    next_cursor: null,
    depends_on_outside: [],
    rows: {
      id: rows.map((row) => row.id),
      task: rows.map((row) => row.task),
      name: rows.map((row) => row.name),
      state: rows.map((row) => (over(row.end) ? row.state : begun(row.start) ? 2 : 3)),
      start_ms: rows.map((row) => (begun(row.start) ? Math.round(row.start) : null)),
      end_ms: rows.map((row) => (over(row.end) ? Math.round(row.end) : null)),
      depends_on: rows.map((row) => (row.after < 0 ? [] : [placeOf[row.after] ?? 0])),
    },
  };
}

function emptyRows(): TimelinePage["rows"] {
  return { id: [], task: [], name: [], state: [], start_ms: [], end_ms: [], depends_on: [] };
}

export function makeTransitions(run: Run): Transition[] {
  const created = Date.parse(run.created_at);
  const steps: [StateName, number, string][] = [["SCHEDULED", created, ""]];
  if (run.started_at !== null) {
    const started = Date.parse(run.started_at);
    steps.push(["PENDING", started - 140, "Leased by worker-fra-1"], ["RUNNING", started, ""]);
    if (run.attempt > 1 && run.duration_ms !== null) {
      steps.push(["AWAITING_RETRY", started + run.duration_ms * 0.3, "Attempt 1 failed: connection reset"], ["RETRYING", started + run.duration_ms * 0.42, ""]);
    }
  }
  if (run.ended_at !== null) steps.push([run.state, Date.parse(run.ended_at), run.error?.message ?? ""]);
  return steps.map(([state, at, message], index) => ({
    id: demoId(at, 7_000 + index),
    state,
    state_type: stateFacts(state).type,
    occurred_at: iso(at),
    received_at: iso(at + 12),
    epoch: 1,
    superseded: false,
    message,
    task_run_id: null,
  }));
}

const SAID: readonly [LogLine["level"], string][] = [
  ["INFO", "opened duckdb file flights.duckdb"],
  ["DEBUG", "SELECT count(*) FROM raw.flights WHERE year = 2013"],
  ["INFO", "\u001b[32mloaded\u001b[0m 12,480 rows into \u001b[1mraw.flights\u001b[0m"],
  ["WARNING", "airport \u001b[33mBQN\u001b[0m is unknown, kept without a time zone"],
  ["INFO", "checked row counts: 336,776 of 336,776"],
  ["DEBUG", "slot released after 412 ms"],
];

export function makeLogs(run: Run, timeline: TimelinePage): LogLine[] {
  if (run.started_at === null) return [];
  const started = Date.parse(run.started_at);
  const end = run.ended_at === null ? Date.now() : Date.parse(run.ended_at);
  const count = Math.min(4_000, Math.max(40, timeline.total * 3));
  const lines = Array.from({ length: count }, (_, index): LogLine => {
    const at = started + ((end - started) * index) / count;
    const [level, message] = SAID[(index * 7 + (index >> 3)) % SAID.length] ?? ["INFO", ""];
    const row = Math.floor((index / count) * timeline.rows.id.length);
    return { id: demoId(at, index), occurred_at: iso(at), run_id: run.id, task_run_id: timeline.rows.id[row] ?? null, level, logger: "headway.flow", message };
  });
  if (run.error !== null) {
    lines.push({
      id: demoId(end, count),
      occurred_at: iso(end),
      run_id: run.id,
      task_run_id: null,
      level: "ERROR",
      logger: "headway.flow",
      message: run.error.traceback ?? `${run.error.type}: ${run.error.message}`,
    });
  }
  return lines;
}
