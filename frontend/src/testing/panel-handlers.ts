import { http, HttpResponse, type RequestHandler } from "msw";

import { filledWhere, type Chosen } from "@/features/metrics/dashboards/variables";
import type { AnsweredPanel, AnsweredPanels, AskedPanel } from "@/schema/wire/dashboards";

import { iso } from "./demo/random";
import { makeMetrics } from "./demo/telemetry";
import { runHistogram, stepFor, type World } from "./demo/world";
import { allLines, LEVELS } from "./log-handlers";
import { answerChart, makeHeatMap, stepOf, type ChartAsked, type Span } from "./metric-handlers";

const ROWS = 20;
const NOTHING: Omit<AnsweredPanel, "id"> = {
  chart: null, marks: null, heat_map: null, runs: null, run_counts: null, events: null, event_counts: null, logs: null, error: null,
};

export function panelHandlers(world: World): RequestHandler[] {
  return [
    http.post("*/api/v1/workspaces/:workspace/dashboards/panels", async ({ request }) => {
      return HttpResponse.json(answerPanels(world, (await request.json()) as PanelsBody));
    }),
  ];
}

export interface PanelsBody extends Span {
  readonly panels: readonly AskedPanel[];
  readonly chosen?: Chosen;
}

/** What the server makes of panels, as far as a page can tell. */
export function answerPanels(world: World, { panels, chosen = {}, ...span }: PanelsBody): AnsweredPanels {
  const units = Object.fromEntries(makeMetrics(Date.now()).map(({ name, unit }) => [name, unit]));
  const answers = panels.map((panel) => ({ id: panel.id, ...NOTHING, ...answerPanel(world, span, panel, chosen) }));
  return { from: span.from, to: span.to, step_seconds: stepOf(span), rollup: "1m", units, panels: answers };
}

function answerPanel(world: World, span: Span, panel: AskedPanel, chosen: Chosen): Partial<AnsweredPanel> {
  const within = (at: string) => Date.parse(at) >= Date.parse(span.from) && Date.parse(at) < Date.parse(span.to);
  const rows = <T>(found: readonly T[]) => ({ items: found.slice(0, ROWS), has_more: found.length > ROWS, searched_to: null });
  switch (panel.kind) {
    case "text":
      return {};
    case "chart":
    case "number":
      return { chart: answerChart({ ...panel, queries: panel.queries.map((query) => ({ ...query, where: filledWhere(query.where, chosen) })) } as unknown as ChartAsked, span) };
    case "heat_map":
      return { heat_map: makeHeatMap(span) };
    case "runs": {
      const found = world.runs.filter((run) => within(run.created_at) && (panel.states === undefined || panel.states.length === 0 || panel.states.includes(run.state_type)));
      if (panel.view === "histogram") return { run_counts: runHistogram(found, Date.parse(span.from), Date.parse(span.to)) };
      return { runs: rows(found.map((run) => ({ id: run.id, name: run.name, flow: run.flow.name, state: run.state, state_type: run.state_type, created_at: run.created_at, duration_ms: run.duration_ms }))) };
    }
    case "events": {
      const fits = (name: string) => panel.name === undefined || (panel.name.endsWith("*") ? name.startsWith(panel.name.slice(0, -1)) : name === panel.name);
      const found = world.events.filter((event) => within(event.occurred_at) && fits(event.name));
      if (panel.view === "list") return { events: rows(found.map(({ id, name, resource, occurred_at }) => ({ id, name, resource: resource?.name ?? null, occurred_at }))) };
      const [from, to] = [Date.parse(span.from), Date.parse(span.to)];
      const step = stepFor(from, to, 96) * 1000;
      const starts = Array.from({ length: Math.ceil((to - from) / step) }, (_, at) => Math.floor(from / step) * step + at * step);
      const counts = starts.map((at) => ({ at: iso(at), count: found.filter(({ occurred_at }) => Math.floor(Date.parse(occurred_at) / step) * step === at).length }));
      const exact = counts.map((bucket) => ({ ...bucket, is_estimate: false, low: bucket.count, high: bucket.count }));
      return { event_counts: { step_seconds: step / 1000, buckets: exact, counted_from: null } };
    }
    case "logs": {
      const found = allLines(world).filter(
        (line) =>
          within(line.occurred_at) &&
          LEVELS.indexOf(line.level) >= LEVELS.indexOf(panel.level ?? "DEBUG") &&
          line.message.toLowerCase().includes((panel.q ?? "").toLowerCase()),
      );
      return { logs: rows(found.map(({ id, level, message, occurred_at }) => ({ id, level, message, occurred_at }))) };
    }
  }
}
