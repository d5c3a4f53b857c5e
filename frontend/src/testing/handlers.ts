import { http, HttpResponse, type RequestHandler } from "msw";

import { isFinal } from "@/lib/run-state";
import type { Run } from "@/schema/wire/runs";

import { accessHandlers } from "./access-handlers";
import { accountHandlers } from "./account-handlers";
import { approvalHandlers } from "./approval-handlers";
import { automationHandlers } from "./automation-handlers";
import { backfillHandlers } from "./backfill-handlers";
import { billingHandlers } from "./billing-handlers";
import { channelHandlers } from "./channel-handlers";
import { isManaged, makeTaskRows, makeTasks } from "./demo/compute";
import { aroundRun, steeringHandlers } from "./steering-handlers";
import { costHandlers } from "./cost-handlers";
import { eventHandlers } from "./event-handlers";
import { keyHandlers } from "./key-handlers";
import { levelHandlers } from "./level-handlers";
import { logHandlers } from "./log-handlers";
import { limitHandlers, lineOf } from "./limit-handlers";
import { demoId, iso } from "./demo/random";
import { rowOf } from "./demo/runs";
import { page, refusal } from "./answers";
import { makeMetrics } from "./demo/telemetry";
import { makeLogs, makeTimeline, makeTransitions } from "./demo/timeline";
import { deploymentRow, makeOverview, runHistogram, type World } from "./demo/world";
import { savedViewHandlers } from "./saved-view-handlers";
import { scheduleHandlers } from "./schedule-handlers";
import { dashboardHandlers } from "./dashboard-handlers";
import { linkHandlers } from "./link-handlers";
import { metricHandlers } from "./metric-handlers";
import { panelHandlers } from "./panel-handlers";
import { queryLogHandlers } from "./query-log-handlers";
import { poolHandlers } from "./pool-handlers";
import { ssoHandlers } from "./sso-handlers";
import { storageHandlers } from "./storage-handlers";
import { versionHandlers } from "./version-handlers";
import { eventSchemaHandlers } from "./event-schema-handlers";
import { webhookHandlers } from "./webhook-handlers";
import { worldHandlers } from "./world-handlers";

const W = "*/api/v1/workspaces/:workspace";

function span(url: URL): { from: number; to: number } {
  const to = Date.parse(url.searchParams.get("to") ?? "") || Date.now();
  return { from: Date.parse(url.searchParams.get("from") ?? "") || to - 86_400_000, to };
}

function matchingRuns(runs: readonly Run[], url: URL): Run[] {
  const get = (name: string) => url.searchParams.get(name);
  const states = url.searchParams.getAll("state");
  const types: string[] = url.searchParams.getAll("state_type");
  const after = get("created_after") ?? get("from");
  const before = get("created_before") ?? get("to");
  const needle = get("q")?.toLowerCase();
  return runs.filter(
    (run) =>
      (states.length === 0 || states.includes(run.state)) &&
      (types.length === 0 || types.includes(run.state_type)) &&
      (get("flow_id") === null || run.flow.id === get("flow_id")) &&
      (get("deployment_id") === null || run.deployment?.id === get("deployment_id")) &&
      (get("pool_id") === null || run.pool?.id === get("pool_id")) &&
      (get("source") === null || run.source === get("source")) &&
      (get("tag") === null || run.tags.includes(get("tag") ?? "")) &&
      (after === null || Date.parse(run.created_at) >= Date.parse(after)) &&
      (before === null || Date.parse(run.created_at) < Date.parse(before)) &&
      (needle === undefined || `${run.name} ${run.flow.name}`.toLowerCase().includes(needle)),
  );
}

/** The API as the contract has it, over demo data. The workspace `fresh` is empty, `broken` answers 500 to everything. */
export function makeHandlers(world: World): RequestHandler[] {
  const run = (id: unknown) => world.runs.find((each) => each.id === id);
  const gone = () => refusal(404, "not_found", "There is no such thing in this workspace.");
  const replace = (changed: Run) => {
    world.runs[world.runs.findIndex((each) => each.id === changed.id)] = changed;
    return HttpResponse.json(changed);
  };

  return [
    http.all(`${W}/*`, ({ params, request }) => {
      if (params["workspace"] !== "fresh" || request.method !== "GET") return undefined;
      const path = new URL(request.url).pathname;
      if (path.endsWith("/overview")) {
        const { from, to } = span(new URL(request.url));
        const empty = makeOverview({ ...world, runs: [], flows: [] }, from, to);
        const nothing = { has_key: true, has_run: false, has_deployment: false, has_agent: false, has_event: false };
        return HttpResponse.json({ ...empty, sentence: "Nothing has run here yet.", checklist: nothing });
      }
      if (path.endsWith("/usage") || path.endsWith("/logs/volume") || path.endsWith("/world/resources")) return undefined;
      if (path.endsWith("/histogram")) {
        const empty = runHistogram([], Date.now() - 86_400_000, Date.now());
        const none = { count: 0, is_estimate: false, low: 0, high: 0 };
        return HttpResponse.json({ ...empty, buckets: empty.buckets.map((bucket) => ({ ...bucket, ...none })), names: [], counted_from: null, sample: null });
      }
      return HttpResponse.json({ items: [], runs: [], next_cursor: null, searched_to: null });
    }),
    http.get("*/api/v1/me", () => HttpResponse.json(world.me)),
    http.get(`${W}/overview`, ({ request }) => {
      const { from, to } = span(new URL(request.url));
      return HttpResponse.json(makeOverview(world, from, to));
    }),
    http.get(`${W}/flows`, ({ request }) => page(world.flows, new URL(request.url))),
    ...steeringHandlers(world),
    http.get(`${W}/runs/histogram`, ({ request }) => {
      const url = new URL(request.url);
      const { from, to } = span(url);
      return HttpResponse.json(runHistogram(matchingRuns(world.runs, url), from, to));
    }),
    http.get(`${W}/runs`, ({ request }) => {
      const url = new URL(request.url);
      return page(matchingRuns(world.runs, url).map(rowOf), url);
    }),
    http.get(`${W}/runs/:id`, ({ params }) => {
      const found = run(params["id"]);
      return found === undefined ? gone() : HttpResponse.json(aroundRun(world, found));
    }),
    http.get(`${W}/runs/:id/transitions`, ({ params, request }) => {
      const found = run(params["id"]);
      if (found === undefined) return gone();
      const task = new URL(request.url).searchParams.get("task_run_id");
      const items = makeTransitions(found).map((each) => ({ ...each, task_run_id: task }));
      return HttpResponse.json({ items: task === null ? items : items.slice(1), next_cursor: null });
    }),
    http.get(`${W}/runs/:id/timeline`, ({ params }) => {
      const found = run(params["id"]);
      return found === undefined ? gone() : HttpResponse.json(makeTimeline(found));
    }),
    http.get(`${W}/runs/:id/logs`, ({ params, request }) => {
      const found = run(params["id"]);
      if (found === undefined) return gone();
      const url = new URL(request.url);
      const levels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
      const least = levels.indexOf(url.searchParams.get("level") ?? "DEBUG");
      const needle = url.searchParams.get("q")?.toLowerCase() ?? "";
      const task = url.searchParams.get("task_run_id");
      const lines = makeLogs(found, makeTimeline(found)).filter(
        (line) => levels.indexOf(line.level) >= least && line.message.toLowerCase().includes(needle) && (task === null || line.task_run_id === task),
      );
      return page(url.searchParams.get("order") === "desc" ? lines.reverse() : lines, url);
    }),
    http.get(`${W}/runs/:id/compute`, ({ params }) => {
      const found = run(params["id"]);
      return found === undefined || !isManaged(found) ? gone() : HttpResponse.json({ items: makeTasks(found) });
    }),
    http.get(`${W}/compute/tasks`, ({ request }) => page(makeTaskRows(world.runs), new URL(request.url))),
    http.get(`${W}/runs/:id/metrics`, () =>
      HttpResponse.json({
        items: [
          { name: "rows_loaded", unit: "rows", labels: { table: "raw.flights" }, last: 12_480, count: 14, min: 880, max: 31_200 },
          { name: "query_duration", unit: "ms", labels: { table: "raw.flights" }, last: 212, count: 61, min: 14, max: 1_930 },
        ],
      }),
    ),
    http.post(`${W}/runs/:id/cancellation`, ({ params }) => {
      const found = run(params["id"]);
      if (found === undefined) return gone();
      if (isFinal(found.state_type)) return refusal(409, "run_not_cancellable", "The run already ended.");
      return replace({ ...found, state: "CANCELLING", state_type: "CANCELLING", may: { cancel: false, retry: false } });
    }),
    http.post(`${W}/runs/:id/retries`, ({ params }) => {
      const found = run(params["id"]);
      if (found === undefined) return gone();
      if (!found.may.retry) return refusal(409, "run_not_retryable", "Only a run that ended can be retried.");
      return replace({ ...found, state: "AWAITING_RETRY", state_type: "SCHEDULED", attempt: found.attempt + 1, ended_at: null, duration_ms: null, error: null, cause: null, may: { cancel: true, retry: false } });
    }),
    http.get(`${W}/deployments`, ({ request }) => page(world.deploymentRows.map(deploymentRow), new URL(request.url))),
    http.get(`${W}/deployments/:id`, ({ params }) => {
      const found = world.deploymentRows.find((each) => each.id === params["id"]);
      return found === undefined ? gone() : HttpResponse.json(found);
    }),
    http.patch(`${W}/deployments/:id`, async ({ params, request }) => {
      const index = world.deploymentRows.findIndex((each) => each.id === params["id"]);
      const found = world.deploymentRows[index];
      if (found === undefined) return gone();
      const changed = { ...found, ...((await request.json()) as { paused?: boolean }) };
      world.deploymentRows[index] = changed;
      return HttpResponse.json(changed);
    }),
    http.post(`${W}/deployments/:id/runs`, async ({ params, request }) => {
      const deployment = world.deploymentRows.find((each) => each.id === params["id"]);
      const like = world.runs.find((each) => each.deployment?.id === params["id"]);
      if (deployment === undefined || like === undefined) return gone();
      const body = (await request.json()) as { parameters: Record<string, unknown>; name?: string };
      const airports = body.parameters["airports"];
      if (Array.isArray(airports) && airports.includes("XXX")) {
        return refusal(400, "invalid_request", "The parameters don't fit.", { "parameters.airports": ["XXX is no airport."] });
      }
      const now = Date.now();
      const made: Run = { ...like, id: demoId(now, 99), name: body.name ?? "new-run", state: "SCHEDULED", state_type: "SCHEDULED", source: "ADHOC", parameters: body.parameters, created_at: iso(now), scheduled_for: iso(now), started_at: null, ended_at: null, duration_ms: null, task_counts: null, error: null, cause: null, agent: null, may: { cancel: true, retry: false } };
      world.runs.unshift(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.get(`${W}/runs/:id/line`, ({ params }) => HttpResponse.json(lineOf(run(params["id"])))),
    ...approvalHandlers(world),
    ...limitHandlers(world),
    ...costHandlers(world),
    ...storageHandlers(),
    ...worldHandlers(world.runs),
    ...scheduleHandlers(world),
    ...versionHandlers(world),
    ...poolHandlers(world),
    ...levelHandlers(world),
    ...backfillHandlers(world),
    ...eventHandlers(world),
    ...logHandlers(world),
    http.get(`${W}/metrics`, ({ request }) => page(makeMetrics(Date.now()), new URL(request.url))),
    ...linkHandlers(world), // before the others: `sharing` is no dashboard's id
    ...dashboardHandlers(),
    ...panelHandlers(world),
    ...savedViewHandlers(),
    ...metricHandlers(),
    http.get(`${W}/members`, ({ request }) => {
      const url = new URL(request.url);
      const kind = url.searchParams.get("kind");
      const needle = url.searchParams.get("q")?.toLowerCase() ?? "";
      const rows = world.account.assignments
        .filter((each) => (kind === null || each.kind === kind) && each.name.toLowerCase().includes(needle));
      return page(rows, url);
    }),
    ...keyHandlers(world),
    ...accessHandlers(world),
    ...accountHandlers(world),
    ...billingHandlers(world),
    ...channelHandlers(world),
    ...queryLogHandlers(),
    ...webhookHandlers(),
    ...eventSchemaHandlers(),
    ...automationHandlers(world),
    ...ssoHandlers(Date.now()),
    http.get(W, ({ params }) => {
      const mine = world.me.workspaces.find((each) => each.slug === params["workspace"]);
      if (mine === undefined) return gone();
      return HttpResponse.json({ ...mine, delete_after: null, created_at: iso(Date.now() - 40 * 86_400_000), limits: { max_concurrent_runs: 50, events_per_minute: 60_000, task_runs_per_month: null, retention_days: 90, hold: null } });
    }),
    http.get("*/_allauth/browser/v1/auth/session", () => HttpResponse.json({ status: 401, data: { flows: [] }, meta: { is_authenticated: false } }, { status: 401 })),
    http.post("*/_allauth/browser/v1/auth/login", async ({ request }) => {
      const body = (await request.json()) as { password: string };
      if (body.password === "wrong password") {
        const errors = [{ message: "The address or the password is not right.", code: "email_password_mismatch", param: "password" }];
        return HttpResponse.json({ status: 400, errors }, { status: 400 });
      }
      return HttpResponse.json({ status: 200, data: {}, meta: { is_authenticated: true } });
    }),
    http.get("*/_allauth/browser/v1/config", () => HttpResponse.json({ status: 200, data: { socialaccount: { providers: [] } } })),
    http.post("*/_allauth/browser/v1/auth/signup", () =>
      HttpResponse.json({ status: 401, data: { flows: [{ id: "login" }, { id: "verify_email", is_pending: true }] }, meta: { is_authenticated: false } }, { status: 401 }),
    ),
    http.post("*/_allauth/browser/v1/auth/email/verify", async ({ request }) => {
      const body = (await request.json()) as { key: string };
      if (body.key === "expired") {
        return HttpResponse.json({ status: 400, errors: [{ message: "Invalid or expired key.", code: "invalid_or_expired_key", param: "key" }] }, { status: 400 });
      }
      return HttpResponse.json({ status: 401, data: {}, meta: { is_authenticated: false } }, { status: 401 });
    }),
    http.post("*/_allauth/browser/v1/auth/password/request", () => HttpResponse.json({ status: 200 })),
    http.post("*/_allauth/browser/v1/auth/password/reset", async ({ request }) => {
      const body = (await request.json()) as { key: string };
      if (body.key === "expired") {
        return HttpResponse.json({ status: 400, errors: [{ message: "The password reset token was invalid.", code: "invalid_password_reset", param: "key" }] }, { status: 400 });
      }
      return HttpResponse.json({ status: 401, data: {}, meta: { is_authenticated: false } }, { status: 401 });
    }),
    http.delete("*/_allauth/browser/v1/auth/session", () => HttpResponse.json({ status: 401, data: {}, meta: { is_authenticated: false } }, { status: 401 })),
  ];
}
