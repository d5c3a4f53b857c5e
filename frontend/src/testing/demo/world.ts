import type { Approval } from "@/schema/wire/approvals";
import type { Automation, Firing } from "@/schema/wire/automations";
import type { Channel } from "@/schema/wire/channels";
import type { Deployment, DeploymentRow, JsonSchema } from "@/schema/wire/deployments";
import type { Overview } from "@/schema/wire/overview";
import type { Agent, Pool } from "@/schema/wire/pools";
import type { Run, RunHistogram } from "@/schema/wire/runs";
import type { Me, MeWorkspace } from "@/schema/wire/session";
import type { MyAccount } from "@/schema/wire/account";
import type { ApiKey } from "@/schema/wire/keys";
import type { EventItem } from "@/schema/wire/telemetry";
import type { StateType } from "@/lib/run-state";

import { makeAccount, makeAccounts, type DemoAccount } from "./account";
import { makeApprovals } from "./approvals";
import { makeAutomations, makeFirings } from "./automations";
import type { Billing } from "./billing";
import { makeChannels } from "./channels";
import { makeEvents } from "./telemetry";
import { demoId, iso } from "./random";
import { makeRuns, rowOf, type DemoRuns } from "./runs";

const DAY = 86_400_000;
type Scopes = MeWorkspace["scopes"];
const ALL_SCOPES: Scopes = ["workspace:read", "workspace:manage", "members:read", "members:manage", "roles:manage", "audit:read", "keys:manage", "flows:read", "deployments:read", "deployments:write", "runs:read", "runs:write", "runs:cancel", "runs:report", "pools:read", "pools:write", "leases:take", "telemetry:read", "telemetry:write", "telemetry:manage", "channels:read", "channels:write", "automations:read", "automations:write", "usage:read"];

export interface World extends DemoRuns {
  readonly me: Me;
  readonly deploymentRows: Deployment[];
  readonly poolRows: Pool[];
  readonly agents: Readonly<Record<string, Agent[]>>;
  readonly events: EventItem[];
  readonly keys: ApiKey[];
  readonly account: DemoAccount;
  readonly channels: Channel[];
  readonly automations: Automation[];
  readonly firings: Firing[];
  readonly billing: Billing;
  readonly approvals: Approval[];
}

const KEY: ApiKey = {
  id: "",
  name: "",
  prefix: "",
  scopes: [],
  effective_scopes: [],
  role: null,
  pool: null,
  created_at: "",
  expires_at: null,
  last_used_at: null,
  last_used_from: null,
  revoked_at: null,
  rotated_to: null,
  ends_by_rotation_at: null,
  service_account: null,
  stale: false,
  created_by: { id: "u1", name: "Ada Brandt", email: "ada@example.com" },
};

export function makeMe(origin: string, scopes: Scopes = ALL_SCOPES, role: MeWorkspace["role"] = "OWNER", accounts: readonly MyAccount[] = makeAccounts()): Me {
  return {
    actor: { kind: "user", id: "u1", name: "Ada Brandt", email: "ada@example.com" },
    live_url: origin,
    accounts,
    workspaces: [
      { id: "w1", slug: "acme", name: "Acme data", archived_at: null, role, role_name: (role ?? "viewer").replace(/(?<=.).*/, (rest) => rest.toLowerCase()), scopes, account: { id: "acc1", name: "Acme" } },
      { id: "w2", slug: "fresh", name: "Fresh start", archived_at: null, role: "OWNER", role_name: "Owner", scopes: ALL_SCOPES, account: { id: "acc1", name: "Acme" } },
    ],
  };
}

export const DEMO_SCHEMA: JsonSchema = {
  type: "object",
  required: ["day", "airports"],
  properties: {
    day: { type: "string", format: "date", description: "The day to load." },
    airports: { type: "array", items: { type: "string" }, minItems: 1, description: "Origins to load." },
    limit: { type: "integer", default: 1000, minimum: 1, maximum: 1_000_000 },
    threshold: { type: "number", default: 0.95, minimum: 0, maximum: 1 },
    mode: { enum: ["append", "replace", "merge"], default: "append" },
    dry_run: { type: "boolean", default: false, description: "Reads everything, writes nothing." },
    since: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }], default: null },
    options: { type: "object", default: { retries: 2 } },
  },
};

export function makeWorld(now: number, origin: string): World {
  const demo = makeRuns(now);
  const deploymentRows = demo.deployments.map((each): Deployment => {
    const own = demo.runs.filter((run) => run.deployment?.id === each.id);
    const next = own.find((run) => run.state_type === "SCHEDULED");
    const recent = own.filter((run) => run.state_type !== "SCHEDULED").slice(0, 30);
    // One whose time zone is gone from the server.
    const rests = each.name === "daily";
    return {
      id: each.id,
      name: each.name,
      flow: each.flow,
      description: `Runs ${each.flow.name} for the three New York airports and checks the row counts at the end.`,
      entrypoint: "flow.py:main",
      path: each.pool.name === "managed" ? "" : "/srv/flows/nyc",
      pool: each.pool,
      queue: null,
      tags: each.spec.tags,
      version: "3f9c2ab",
      paused: each.name === "enrich",
      schedules: [
        {
          id: demoId(now, 900),
          kind: each.spec.everyMinutes >= 720 ? "CRON" : "INTERVAL",
          cron: each.spec.everyMinutes >= 720 ? "30 6 * * *" : null,
          interval_seconds: each.spec.everyMinutes >= 720 ? null : each.spec.everyMinutes * 60,
          name: "",
          anchor_at: null,
          rrule: null,
          once_at: null,
          timezone: rests ? "US/Pacific-New" : "Europe/Berlin",
          jitter_seconds: 0,
          declared: true,
          fault: rests ? "No time zone is called 'US/Pacific-New'." : null,
          missed_policy: "LATEST",
          missed_cap: 10,
          parameters: {},
          paused: false,
          next_at: rests ? null : (next?.scheduled_for ?? iso(now + 3_600_000)),
        },
      ],
      version_number: 1,
      code: null,
      job_settings: {},
      owners: [],
      overlap: "ALLOW",
      concurrency_limit: null,
      timeout_seconds: 3600,
      retries: 2,
      retry_delay_seconds: 30,
      bundle: each.pool.name === "managed" ? { sha256: "9f2c41d7".repeat(8), bytes: 18_432, files: 7, created_at: iso(now - 2 * DAY) } : null,
      requirements: each.pool.name === "managed" ? ["duckdb==1.5.4", "httpx2>=2.1,<3", "polars==2.3.0", "pyarrow==24.0.0"] : [],
      size: each.pool.name === "managed" ? { cpu: 0.5, memory_mb: 1024 } : null,
      created_at: iso(now - 39 * DAY),
      updated_at: iso(now - 2 * DAY),
      recent_runs: recent.map(({ id, state, state_type, duration_ms, created_at }) => ({ id, state, state_type, duration_ms, created_at })),
      next_run_at: rests ? null : (next?.scheduled_for ?? null),
      parameters: { day: "2013-06-15", airports: ["EWR", "JFK", "LGA"], limit: 1000 },
      parameter_schema: DEMO_SCHEMA,
      may: { "deployments:write": true, "runs:cancel": true, "runs:write": true },
    };
  });
  const [main, gpu, managed] = demo.pools;
  const running = demo.runs.filter((run) => run.state_type === "RUNNING").length;
  const pool = (id: string, name: string, rest: Partial<Pool>): Pool => ({
    id,
    name,
    kind: "PROCESS",
    paused: false,
    concurrency_limit: null,
    job_defaults: {},
    may: {},
    queues: [{ id: `${id}-q`, name: "default", priority: 100, is_default: true, paused: false, concurrency_limit: null, queued: rest.queued ?? 0 }],
    running: 0,
    queued: 0,
    agents_online: 0,
    managed: null,
    ...rest,
  });
  const channels = makeChannels(now);
  const automations = makeAutomations(now, channels, demo.deployments);
  let agents = 0;
  const agent = (name: string, host: string, rest: Partial<Agent>): Agent => ({
    id: demoId(now, (agents += 1)),
    name,
    host,
    pid: 4211,
    version: "0.1.0",
    labels: {},
    draining: false,
    capacity: 8,
    running: 0,
    last_seen_at: iso(now - 3_000),
    online: true,
    ...rest,
  });
  return {
    ...demo,
    me: makeMe(origin),
    deploymentRows,
    poolRows: [
      pool(main?.id ?? "", "default", { running, queued: 1, agents_online: 2 }),
      pool(gpu?.id ?? "", "gpu", { kind: "DOCKER", queued: 3, agents_online: 0 }),
      pool(managed?.id ?? "", "managed", {
        kind: "MANAGED",
        running: 1,
        managed: { backend: "LOCAL", slots: 4, tasks: { requested: 0, starting: 1, running: 1, stopping: 0 }, month: { managed_seconds: 7_140, limit: 30_000 } },
      }),
    ],
    agents: {
      [main?.id ?? ""]: [
        agent("worker-fra-1", "ip-10-2-0-14", { running: 2, labels: { zone: "eu" } }),
        agent("worker-fra-2", "ip-10-2-0-15", { running: 1, capacity: 4, pid: 903 }),
        agent("laptop-ada", "ada-mbp", { online: false, last_seen_at: iso(now - 7_400_000) }),
      ],
      [gpu?.id ?? ""]: [],
    },
    events: makeEvents(now, demo.runs),
    billing: { standing: "well", deployments: demo.deployments },
    account: makeAccount(now),
    approvals: makeApprovals(now, demo.runs),
    channels,
    automations,
    firings: makeFirings(now, automations, demo.runs),
    keys: [
      { ...KEY, id: "k1", name: "agent fra", prefix: "hw_Qx3f", role: "AGENT", created_at: iso(now - 20 * DAY), last_used_at: iso(now - 4_000), last_used_from: "198.51.100.20", service_account: { id: "s2", name: "agents-fra" } },
      { ...KEY, id: "k2", name: "ci deploys", prefix: "hw_9sLm", scopes: ["deployments:write", "runs:write"], effective_scopes: ["deployments:write", "runs:write"], created_at: iso(now - 12 * DAY), expires_at: iso(now + 78 * DAY), last_used_at: iso(now - 5 * 3_600_000), last_used_from: "203.0.113.7", service_account: { id: "s1", name: "ci-deploys" } },
      { ...KEY, id: "k4", name: "notebook", prefix: "hw_7KpW", role: "DEVELOPER", created_at: iso(now - 140 * DAY), last_used_at: iso(now - 110 * DAY), last_used_from: "2001:db8::17", stale: true },
      { ...KEY, id: "k3", name: "old laptop", prefix: "hw_aB0c", role: "DEVELOPER", created_at: iso(now - 35 * DAY), last_used_at: iso(now - 30 * DAY), revoked_at: iso(now - 9 * DAY) },
    ],
  };
}

/** A list item of a deployment leaves its parameters out. */
export function deploymentRow(deployment: Deployment): DeploymentRow {
  const { parameters: _p, parameter_schema: _s, ...row } = deployment;
  return row;
}

const STEPS = [10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];

export function stepFor(from: number, to: number, most: number): number {
  return STEPS.find((step) => (to - from) / 1000 / step <= most) ?? 604_800;
}

export function runHistogram(runs: readonly Run[], from: number, to: number): RunHistogram {
  const step = stepFor(from, to, 96);
  const start = Math.floor(from / 1000 / step) * step * 1000;
  const buckets: { at: string; counts: Partial<Record<StateType, number>> }[] = [];
  for (let at = start; at < to; at += step * 1000) buckets.push({ at: iso(at), counts: {} });
  for (const run of runs) {
    const counts = buckets[Math.floor((Date.parse(run.created_at) - start) / 1000 / step)]?.counts;
    if (counts !== undefined) counts[run.state_type] = (counts[run.state_type] ?? 0) + 1;
  }
  return { step_seconds: step, buckets };
}

export function makeOverview(world: World, from: number, to: number): Overview {
  const runs = world.runs.filter((run) => Date.parse(run.created_at) >= from && Date.parse(run.created_at) < to);
  const counts: Partial<Record<StateType, number>> = {};
  for (const run of runs) counts[run.state_type] = (counts[run.state_type] ?? 0) + 1;
  const bad = runs.filter((run) => run.state_type === "FAILED" || run.state_type === "CRASHED");
  const flowsInTrouble = new Set(bad.map((run) => run.flow.id)).size;
  return {
    sentence: flowsInTrouble === 0 ? `All ${world.flows.length} flows are fine.` : `${flowsInTrouble} of ${world.flows.length} flows need you.`,
    window: { from: iso(from), to: iso(to) },
    counts,
    attention: bad.slice(0, 20).map((run) => ({ ...rowOf(run), reason: run.error?.message ?? (run.cause?.kind === "timeout" ? "Ran longer than its timeout of 1 h" : "Killed by SIGKILL: the machine was short of memory") })),
    histogram: runHistogram(runs, from, to),
    flows: world.flows.map((flow) => {
      const own = world.runs.filter((run) => run.flow.id === flow.id);
      const finished = own.filter((run) => run.ended_at !== null);
      const durations = finished.flatMap((run) => run.duration_ms ?? []).sort((a, b) => a - b);
      const deployment = world.deploymentRows.find((each) => each.flow.id === flow.id);
      return {
        flow,
        deployment_id: deployment?.id ?? null,
        ticks: own.filter((run) => run.state_type !== "SCHEDULED").slice(0, 30).reverse().map(({ id, state_type, duration_ms }) => ({ id, state_type, duration_ms })),
        success_ratio: finished.length === 0 ? null : finished.filter((run) => run.state_type === "COMPLETED").length / finished.length,
        p95_duration_ms: durations[Math.floor(durations.length * 0.95)] ?? null,
        next_run_at: deployment?.next_run_at ?? null,
      };
    }),
    checklist: { has_key: true, has_run: true, has_deployment: true, has_agent: true, has_event: true },
  };
}
