import { useMemo } from "react";

import { LineChart } from "@/components/charts/line-chart";
import { Panel } from "@/components/ui/panel";
import { colorsFor, formatMetricQuery, seriesName, unitOf } from "@/features/metrics/model";
import { formatStep } from "@/lib/time";
import { formatValue, plural } from "@/lib/units";
import type { MetricAnswer, MetricQuery, MetricSeries } from "@/schema/wire/telemetry";

import styles from "./metrics.module.css";

interface QueryChartProps {
  readonly query: MetricQuery;
  readonly unit: string | null;
  readonly known: boolean;
  readonly answer: MetricAnswer & { readonly from: string; readonly to: string };
  readonly series: readonly MetricSeries[];
  readonly onZoom: (from: number, to: number) => void;
}

const ROLLUP_WORDS = { raw: "raw points", "1m": "1-minute rollup", "1h": "1-hour rollup", "1d": "1-day rollup" } as const;

/** The lines of one query, and the same as a table with last, least and most. */
export function QueryChart({ query, unit, known, answer, series, onZoom }: QueryChartProps) {
  const shown = unitOf(query.aggregate, unit);
  const lines = useMemo(() => {
    const names = series.map((each) => seriesName(query, each.labels, false));
    const colors = colorsFor(names);
    return series.map((each, index) => ({
      name: names[index] ?? "",
      color: colors[index] ?? "--series-1",
      points: each.points,
    }));
  }, [series, query]);
  const from = Date.parse(answer.from);
  const to = Date.parse(answer.to);
  return (
    <Panel
      title={<span className="mono">{formatMetricQuery(query)}</span>}
      aside={`${plural(series.length, "series", "series")} · step ${formatStep(answer.step_seconds)} · ${ROLLUP_WORDS[answer.rollup]}`}
    >
      {series.length === 0 ? (
        <p className="muted" style={{ margin: 0 }}>
          {known ? "No points in this range." : `No metric is called ${query.name}.`}
        </p>
      ) : (
        <>
          <LineChart
            series={lines}
            unit={shown}
            from={from}
            to={to}
            stepMs={answer.step_seconds * 1000}
            label={`${formatMetricQuery(query)}, ${plural(series.length, "line")}; gaps are times without points`}
            onZoom={onZoom}
          />
          <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={`Values of ${formatMetricQuery(query)}`}>
            <table className={styles["legend"]}>
              <thead>
                <tr>
                  <th>Series</th>
                  <th>Last</th>
                  <th>Least</th>
                  <th>Most</th>
                </tr>
              </thead>
              <tbody>
                {lines.map((line) => {
                  const values = line.points.flatMap(([, value]) => (value === null ? [] : [value]));
                  return (
                    <tr key={line.name}>
                      <td>
                        <span className={styles["swatch"]} style={{ background: `var(${line.color})` }} />
                        {line.name}
                      </td>
                      <td>{formatValue(values.at(-1), shown)}</td>
                      <td>{formatValue(values.length === 0 ? null : Math.min(...values), shown)}</td>
                      <td>{formatValue(values.length === 0 ? null : Math.max(...values), shown)}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Panel>
  );
}
