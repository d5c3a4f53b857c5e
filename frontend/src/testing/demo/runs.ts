import { isFinal, stateFacts, type StateName, type StateType } from "@/lib/run-state";
import type { Ref, Run, RunCause, RunDetail, RunError, RunPool, RunRow, RunSource, StateCounts } from "@/schema/wire/runs";

import { demoId, iso, makeRandom } from "./random";

interface FlowSpec {
  readonly name: string;
  readonly everyMinutes: number;
  readonly seconds: number;
  readonly tasks: number;
  readonly failing: number;
  readonly tags: readonly string[];
  readonly deployment: string | null;
  readonly pool: string | null;
}

const FLOWS: readonly FlowSpec[] = [
  { name: "load_flights", everyMinutes: 30, seconds: 48, tasks: 14, failing: 0.03, tags: ["nyc", "hourly"], deployment: "hourly", pool: "default" },
  { name: "weather_sync", everyMinutes: 20, seconds: 22, tasks: 6, failing: 0.02, tags: ["nyc"], deployment: "every-20m", pool: "default" },
  { name: "delay_model", everyMinutes: 180, seconds: 412, tasks: 40, failing: 0.06, tags: ["ml", "nightly"], deployment: "train", pool: "gpu" },
  { name: "warehouse_nightly", everyMinutes: 720, seconds: 1980, tasks: 220, failing: 0.08, tags: ["warehouse", "critical"], deployment: "nightly", pool: "default" },
  { name: "row_counts", everyMinutes: 60, seconds: 9, tasks: 5, failing: 0.01, tags: ["checks"], deployment: "checks", pool: "default" },
  { name: "airport_enrichment", everyMinutes: 360, seconds: 95, tasks: 18, failing: 0.12, tags: ["nyc", "api"], deployment: "enrich", pool: "managed" },
  { name: "invoice_export", everyMinutes: 1440, seconds: 64, tasks: 9, failing: 0.02, tags: ["finance"], deployment: "daily", pool: "default" },
  { name: "adhoc_backfill", everyMinutes: 2900, seconds: 760, tasks: 120, failing: 0.1, tags: ["backfill"], deployment: null, pool: null },
];

const ADJECTIVES = ["brave", "calm", "early", "quiet", "swift", "warm", "steady", "bright", "amber", "north"];
const NOUNS = ["heron", "otter", "cedar", "comet", "harbor", "meadow", "falcon", "pebble", "river", "linden"];
const DAY = 86_400_000;

export const BIG_RUN_ID = "01940000-0000-7000-8000-000000100000";

export interface DemoRuns {
  readonly flows: readonly Ref[];
  readonly pools: readonly RunPool[];
  readonly deployments: readonly (Ref & { readonly flow: Ref; readonly pool: RunPool; readonly spec: FlowSpec })[];
  readonly runs: Run[];
}

/** Thirty days of runs of eight flows, newest first. */
export function makeRuns(now: number): DemoRuns {
  const random = makeRandom(20_131);
  const flows = FLOWS.map((spec, index) => ({ id: demoId(now - 40 * DAY, 100 + index), name: spec.name }));
  const pools = (["PROCESS", "DOCKER", "MANAGED"] as const).map((kind, index) => ({ id: demoId(now - 40 * DAY, 200 + index), name: ["default", "gpu", "managed"][index] ?? "", kind }));
  const deployments = FLOWS.flatMap((spec, index) => {
    const flow = flows[index];
    const pool = pools.find((each) => each.name === spec.pool);
    if (spec.deployment === null || flow === undefined || pool === undefined) return [];
    return [{ id: demoId(now - 39 * DAY, 300 + index), name: spec.deployment, flow, pool, spec }];
  });

  const runs: Run[] = [];
  let counter = 1_000;
  FLOWS.forEach((spec, index) => {
    const flow = flows[index];
    if (flow === undefined) return;
    const deployment = deployments.find((each) => each.flow === flow) ?? null;
    for (let at = now - 30 * DAY + random() * spec.everyMinutes * 60_000; at < now + spec.everyMinutes * 60_000; at += spec.everyMinutes * 60_000) {
      counter += 1;
      const ms = spec.seconds * 1000 * (0.7 + random() * 0.7);
      runs.push(makeRun({ spec, flow, deployment, at: at + random() * 900, ms, now, counter, random }));
    }
  });
  for (const [index, ago] of [
    [0, 21_000],
    [3, 640_000],
  ] as const) {
    const spec = FLOWS[index];
    const flow = flows[index];
    if (spec === undefined || flow === undefined) continue;
    const deployment = deployments.find((each) => each.flow === flow) ?? null;
    counter += 1;
    runs.push(makeRun({ spec, flow, deployment, at: now - ago, ms: spec.seconds * 1500, now, counter, random: () => 0.9 }));
  }
  runs.push(bigRun(flows[3] ?? { id: "", name: "" }, now));
  runs.sort((a, b) => b.created_at.localeCompare(a.created_at));
  return { flows, pools, deployments, runs };
}

interface RunInput {
  readonly spec: FlowSpec;
  readonly flow: Ref;
  readonly deployment: DemoRuns["deployments"][number] | null;
  readonly at: number;
  readonly ms: number;
  readonly now: number;
  readonly counter: number;
  readonly random: () => number;
}

function makeRun({ spec, flow, deployment, at, ms, now, counter, random }: RunInput): Run {
  const luck = random();
  const over = at + ms < now;
  const state: StateName =
    at > now ? "SCHEDULED" : !over ? "RUNNING" : luck < spec.failing * 0.65 ? "FAILED" : luck < spec.failing * 0.85 ? "CRASHED" : luck < spec.failing ? "TIMED_OUT" : luck > 0.992 ? "CANCELLED" : "COMPLETED";
  const type = stateFacts(state).type;
  const final = isFinal(type);
  const share = final ? 1 : Math.max(0, (now - at) / ms);
  const source: RunSource = deployment === null ? "LOCAL" : random() < 0.06 ? "ADHOC" : "SCHEDULE";
  const name = `${ADJECTIVES[Math.floor(random() * 10)] ?? ""}-${NOUNS[Math.floor(random() * 10)] ?? ""}-${counter % 100}`;
  return {
    id: demoId(at, counter),
    name,
    state,
    state_type: type,
    flow,
    deployment: deployment === null ? null : { id: deployment.id, name: deployment.name },
    pool: deployment === null ? null : deployment.pool,
    source,
    created_by: source === "SCHEDULE" ? null : { kind: "user", id: "u1", name: "Ada Brandt" },
    attempt: luck < spec.failing && luck > spec.failing * 0.5 ? 2 : 1,
    tags: spec.tags,
    created_at: iso(Math.min(at, now - 20_000)),
    scheduled_for: iso(at),
    started_at: at > now ? null : iso(at + 180),
    ended_at: final ? iso(at + ms) : null,
    duration_ms: final ? Math.round(ms) : null,
    task_counts: taskCounts(spec.tasks, type, share),
    parent_run_id: null,
    deployment_version: null,
    parameters: { day: new Date(at).toISOString().slice(0, 10), limit: 1000, airports: ["JFK", "EWR", "LGA"], options: { dry_run: false, retries: 2 } },
    epoch: 1,
    error: errorOf(state),
    cause: causeOf(state),
    agent: deployment === null || deployment.pool.name === "managed" || at > now ? null : { id: "a1", name: "worker-fra-1", host: "ip-10-2-0-14" },
    may: { cancel: !final, retry: final && deployment !== null, copy: deployment !== null, annotate: true, pause: state === "RUNNING", suspend: state === "RUNNING" && deployment !== null, resume: false },
    estimated_duration_ms: spec.seconds * 1000,
  };
}

function taskCounts(tasks: number, type: StateType, share: number): StateCounts {
  if (type === "SCHEDULED") return {};
  if (type === "COMPLETED") return { COMPLETED: tasks };
  if (type === "RUNNING") return { COMPLETED: Math.floor(tasks * share * 0.9), RUNNING: 2, PENDING: Math.max(0, tasks - Math.floor(tasks * share * 0.9) - 2) };
  return { COMPLETED: Math.floor(tasks * 0.6), FAILED: 1 };
}

function errorOf(state: StateName): RunError | null {
  if (state !== "FAILED") return null;
  return {
    type: "duckdb.ConversionException",
    message: "Could not convert string 'NA' to INT64 in column dep_delay",
    traceback:
      'Traceback (most recent call last):\n  File "flow.py", line 48, in transform\n    con.execute(SQL)\nduckdb.ConversionException: Conversion Error: Could not convert string \'NA\' to INT64 in column dep_delay',
  };
}

function causeOf(state: StateName): RunCause | null {
  if (state === "CRASHED") return { kind: "signal", signal: "SIGKILL", exit_code: null, detail: "the machine was short of memory" };
  return state === "TIMED_OUT" ? { kind: "timeout", detail: "" } : null;
}

function bigRun(flow: Ref, now: number): Run {
  const started = now - 3 * 3_600_000;
  const ms = 41 * 60_000;
  return {
    id: BIG_RUN_ID,
    name: "big-backfill-2013",
    state: "FAILED",
    state_type: "FAILED",
    flow,
    deployment: null,
    pool: null,
    source: "LOCAL",
    created_by: { kind: "user", id: "u1", name: "Ada Brandt" },
    attempt: 1,
    tags: ["backfill", "nyc"],
    created_at: iso(started),
    scheduled_for: iso(started),
    started_at: iso(started + 400),
    ended_at: iso(started + ms),
    duration_ms: ms,
    task_counts: { COMPLETED: 99_881, FAILED: 88, CANCELLED: 31 },
    parent_run_id: null,
    deployment_version: null,
    parameters: { year: 2013, chunk_rows: 4 },
    epoch: 1,
    error: { type: "TasksFailed", message: "88 of 100,000 task runs failed", traceback: null },
    cause: null,
    agent: null,
    may: { cancel: false, retry: false },
    estimated_duration_ms: null,
  };
}

/** A run on its own page, with what stands around it. */
export function detailOf(run: Run, around: Partial<RunDetail> = {}): RunDetail {
  return { ...run, parent: null, copied_from: null, children: 0, approvals: [], ...around };
}

/** A list row carries no parameters, errors or agent, as on the wire. */
export function rowOf(run: Run): RunRow {
  const { parameters: _p, error: _e, cause: _c, agent: _a, may: _m, epoch: _n, estimated_duration_ms: _d, ...row } = run;
  return row;
}
