import { http, HttpResponse } from "msw";

import { answerMetric, makeMetrics } from "@/testing/demo/telemetry";
import { refusal } from "@/testing/answers";
import type { ChartAnswer, HeatMapAnswer, MetricQuery, PanelAnswer } from "@/schema/wire/telemetry";

const W = "*/api/v1/workspaces/:workspace";

export interface ChartAsked {
  readonly queries: readonly MetricQuery[];
  readonly formulas?: readonly { readonly expression: string; readonly letter?: string }[];
  readonly compare_seconds?: number;
}

export interface Span {
  readonly from: string;
  readonly to: string;
  readonly step_seconds?: number;
}

/** What the server makes of metric queries, as far as a page can tell: formulas are the first letter's lines. */
export function metricHandlers() {
  return [
    http.post(`${W}/metrics/query`, async ({ request }) => {
      const body = (await request.json()) as ChartAsked & Span;
      const wrong = (body.formulas ?? []).findIndex(({ expression }) => /[-+*/(]\s*$/.test(expression));
      if (wrong >= 0) {
        const said = "It ends where a letter, a number or a parenthesis should follow.";
        return refusal(400, "invalid_request", `Formula: ${said}`, { [`formulas.${wrong}.expression`]: [said] });
      }
      return HttpResponse.json({ step_seconds: stepOf(body), rollup: "1m", ...answerChart(body, body) });
    }),
    http.post(`${W}/metrics/charts`, async ({ request }) => {
      const body = (await request.json()) as Span & { readonly charts: readonly { readonly chart?: ChartAsked; readonly heat_map?: { readonly name: string } }[] };
      const charts = body.charts.map(({ chart }): PanelAnswer => ({
        chart: chart === undefined ? null : answerChart(chart, body),
        heat_map: chart === undefined ? makeHeatMap(body) : null,
        error: null,
      }));
      return HttpResponse.json({ step_seconds: stepOf(body), rollup: "1m", charts });
    }),
  ];
}

const PERCENTILES: Readonly<Partial<Record<MetricQuery["aggregate"], number>>> = { p90: 1.6, p99: 2.4 };

export function stepOf(span: Span): number {
  return span.step_seconds ?? Math.max(60, Math.ceil((Date.parse(span.to) - Date.parse(span.from)) / 1000 / 240 / 60) * 60);
}

export function answerChart(asked: ChartAsked, span: Span): ChartAnswer {
  const known = makeMetrics(Date.now());
  const [from, to, step] = [Date.parse(span.from), Date.parse(span.to), stepOf(span) * 1000];
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const lines = (query: MetricQuery) => {
    const factor = PERCENTILES[query.aggregate] ?? 1;
    return answerMetric(query, known.find((each) => each.name === query.name), from, to, step).map((line) => ({
      ...line,
      points: line.points.map(([at, value]) => [at, value === null ? null : value * factor] as const),
    }));
  };
  const before = (query: MetricQuery) =>
    asked.compare_seconds === undefined
      ? []
      : lines(query).map((line) => ({ ...line, points: line.points.map(([at, value]) => [at, value === null ? null : value * 0.8] as const) }));
  return {
    compare_seconds: asked.compare_seconds ?? null,
    results: asked.queries.map((query, index) => ({
      query: index,
      letter: query.letter ?? letters.charAt(index),
      series: query.hidden === true ? [] : lines(query),
      compared: query.hidden === true ? [] : before(query),
      matched_series: 3,
      left_out: 0,
    })),
    formulas: (asked.formulas ?? []).map((formula, index) => {
      const first = asked.queries.find((query) => formula.expression.includes(query.letter ?? "")) ?? asked.queries[0];
      return {
        formula: index,
        letter: formula.letter ?? letters.charAt(asked.queries.length + index),
        series: first === undefined ? [] : lines(first),
        compared: first === undefined ? [] : before(first),
        unmet: 0,
        left_out: 0,
      };
    }),
  };
}

export function makeHeatMap(span: Span): HeatMapAnswer {
  const [from, to, step] = [Date.parse(span.from), Date.parse(span.to), stepOf(span) * 1000];
  const rows = 16;
  const cells: [number, number, number][] = [];
  for (let at = Math.floor(from / step) * step; at < to; at += step) {
    const middle = 5 + 3 * Math.sin(at / 7_200_000);
    for (let row = 0; row < rows; row += 1) {
      const count = Math.round(40 * Math.exp(-((row - middle) ** 2) / 4));
      if (count > 0) cells.push([at, row, count]);
    }
  }
  return { scale: "log", edges: Array.from({ length: rows + 1 }, (_, edge) => 10 * 1.5 ** edge), cells };
}
