import { http, HttpResponse, type RequestHandler } from "msw";

import { splitTerms } from "@/lib/query-terms";
import type { LogLine } from "@/schema/wire/runs";

import { page, refusal } from "./answers";
import { iso } from "./demo/random";
import { makeLogs, makeTimeline } from "./demo/timeline";
import { stepFor, type World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";
export const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

export function allLines(world: World): readonly LogLine[] {
  return world.runs
    .filter((run) => run.started_at !== null && run.ended_at !== null) // what goes on writes anew each time
    .slice(0, 12)
    .flatMap((run) => makeLogs(run, makeTimeline(run)).slice(0, 60))
    .toSorted((a, b) => b.occurred_at.localeCompare(a.occurred_at));
}

function span(url: URL): { from: number; to: number } {
  const to = Date.parse(url.searchParams.get("to") ?? "") || Date.now();
  return { from: Date.parse(url.searchParams.get("from") ?? "") || to - 86_400_000, to };
}

/** Logs of the newest runs, and what the doors refused. */
export function logHandlers(world: World): RequestHandler[] {
  const runs = new Map(world.runs.map((run) => [run.id, run]));
  return [
    http.get(`${W}/logs`, async ({ request }) => {
      const url = new URL(request.url);
      const get = (name: string) => url.searchParams.get(name);
      const { from, to } = span(url);
      const words = splitTerms(get("q") ?? "");
      const unknown = words.find((word) => /^[a-z]+:/.test(word) && !/^(logger|run|task):/.test(word));
      if (unknown !== undefined) {
        const message = `There is no filter “${unknown.split(":")[0] ?? ""}”: use logger, run, task, or quotes to look for the text.`;
        const details = { position: (get("q") ?? "").indexOf(unknown), length: unknown.indexOf(":") };
        return HttpResponse.json({ error: { code: "invalid_request", message, details, fields: { q: [message] }, retryable: false, request_id: "req_01J9ZK4T8Q" } }, { status: 400 });
      }
      const found = allLines(world).filter(
        (line) =>
          Date.parse(line.occurred_at) >= from &&
          Date.parse(line.occurred_at) < to &&
          LEVELS.indexOf(line.level) >= LEVELS.indexOf(get("level") ?? "DEBUG") &&
          (get("run_id") === null || line.run_id === get("run_id")) &&
          (get("deployment_id") === null || runs.get(line.run_id ?? "")?.deployment?.id === get("deployment_id")) &&
          words.every((word) => line.message.toLowerCase().includes(word.replaceAll('"', "").toLowerCase())),
      );
      const answer = (await page(found, url).json()) as { items: LogLine[]; next_cursor: string | null };
      const ids = [...new Set(answer.items.map((line) => line.run_id))];
      const named = ids.flatMap((id) => {
        const run = runs.get(id ?? "");
        return run === undefined ? [] : [{ id: run.id, name: run.name, flow: run.flow.name, deployment_id: run.deployment?.id ?? null, deployment: run.deployment?.name ?? null }];
      });
      return HttpResponse.json({ ...answer, runs: named, searched_to: null });
    }),
    http.get(`${W}/logs/context`, ({ request }) => {
      const url = new URL(request.url);
      const lines = allLines(world)
        .filter((line) => line.run_id === url.searchParams.get("run_id"))
        .toReversed();
      const at = lines.findIndex((line) => line.id === url.searchParams.get("id"));
      if (at === -1) return refusal(404, "not_found", "There is no such line; it may be older than what is kept.");
      return HttpResponse.json({ before: lines.slice(Math.max(0, at - 8), at), line: lines[at], after: lines.slice(at + 1, at + 9) });
    }),
    http.get(`${W}/logs/volume`, ({ params, request }) => {
      const { from, to } = span(new URL(request.url));
      const step = Math.max(stepFor(from, to, 60), 60);
      const start = Math.floor(from / 1000 / step) * step * 1000;
      const count = Math.ceil((to - start) / step / 1000);
      const lines = params["workspace"] === "fresh" ? [] : allLines(world).filter((line) => Date.parse(line.occurred_at) >= start && Date.parse(line.occurred_at) < to);
      const buckets = (of: readonly LogLine[]) => {
        const found = Array.from({ length: count }, (): [number, number] => [0, 0]);
        for (const line of of) {
          const bucket = found[Math.floor((Date.parse(line.occurred_at) - start) / step / 1000)];
          if (bucket !== undefined) {
            bucket[0] += 1;
            bucket[1] += line.message.length;
          }
        }
        return found;
      };
      const byDeployment = new Map<string, LogLine[]>();
      for (const line of lines) {
        const id = runs.get(line.run_id ?? "")?.deployment?.id ?? "";
        byDeployment.set(id, [...(byDeployment.get(id) ?? []), line]);
      }
      const deployments = [...byDeployment].map(([id, of]) => {
        const run = runs.get(of[0]?.run_id ?? "");
        const named = id === "" ? { deployment_id: null, deployment: null, flow: null } : { deployment_id: id, deployment: run?.deployment?.name ?? null, flow: run?.flow.name ?? null };
        return { ...named, lines: of.length, bytes: of.reduce((sum, line) => sum + line.message.length, 0), buckets: buckets(of) };
      });
      return HttpResponse.json({
        from: iso(start),
        step_seconds: step,
        levels: LEVELS.map((level) => ({ level, buckets: buckets(lines.filter((line) => line.level === level)) })),
        deployments: deployments.toSorted((a, b) => b.bytes - a.bytes),
        counted_from: null,
      });
    }),
    http.get(`${W}/refused`, ({ request }) => {
      const url = new URL(request.url);
      const rows = refusedRows().filter(
        (row) => (url.searchParams.get("door") ?? row.door) === row.door && (url.searchParams.get("code") ?? row.code) === row.code,
      );
      return page(rows, url);
    }),
  ];
}

function refusedRows() {
  const now = Date.now();
  const row = (number: number, door: string, code: string, daysAgo: number, count: number, message: string, field: string | null, item: string | null) => ({
    id: `01940000-0000-7000-8000-00000000f0${number}0`,
    door,
    code,
    day: iso(now - daysAgo * 86_400_000).slice(0, 10),
    count,
    last_at: iso(now - daysAgo * 86_400_000 - 600_000),
    samples: [{ at: iso(now - daysAgo * 86_400_000 - 600_000), message, field, item }],
  });
  return [
    row(1, "native", "invalid_item", 0, 214, "Expected `str`, got `int`", "name", '{"name": 7, "occurred_at": "2026-03-04T11:02:09Z"}'),
    row(2, "otlp", "too_many_series", 0, 18_402, "The workspace has 20,000 series already.", null, '{"name": "http.server.duration", "labels": {"user_id": "…"}}'),
    row(3, "openlineage", "in_future", 1, 12, "More than ten minutes ahead of our clock.", "occurred_at", '{"eventType": "START", "eventTime": "2026-03-04T14:00:00+00:00"}'),
    row(4, "prometheus", "invalid_request", 3, 1, "The body is not snappy.", null, null),
    row(6, "native", "schema_warning", 2, 41, "12.5 is not of type integer.", "payload.rows", '{"name": "table.loaded", "payload": {"rows": 12.5}}'),
    row(7, "cloudevents", "duplicate_differs", 2, 6, "One of the same id and time is there already, and says something else. The first one stays.", "payload", '{"id": "7", "source": "/shop", "type": "order.paid", "data": {"amount": 12}}'),
    row(5, "webhook", "bad_signature", 3, 3, "The signature is not this webhook's.", null, '{"ref": "refs/heads/main"}'),
  ];
}
