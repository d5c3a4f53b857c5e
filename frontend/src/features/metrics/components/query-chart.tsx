import { useMemo } from "react";

import { LineChart, type ChartMark } from "@/components/charts/line-chart";
import { Panel } from "@/components/ui/panel";
import { beforeWords } from "@/features/metrics/asked";
import { linesOf } from "@/features/metrics/lines";
import { openStep } from "@/features/metrics/model";
import { formatStep } from "@/lib/time";
import { formatCount, plural } from "@/lib/units";
import type { MetricAnswer, MetricSeries } from "@/schema/wire/telemetry";

import { Legend } from "./legend";
import styles from "./metrics.module.css";

interface QueryChartProps {
  readonly letter: string;
  readonly title: string;
  readonly unit: string | null;
  readonly answer: Pick<MetricAnswer, "step_seconds" | "rollup" | "compare_seconds"> & { readonly from: string; readonly to: string; readonly found_at: number };
  readonly result: { readonly series: readonly MetricSeries[]; readonly compared: readonly MetricSeries[]; readonly left_out: number } | undefined;
  /** How many series are behind the lines, when that is known. */
  readonly seriesCount?: number | null;
  readonly nothing: string;
  readonly notes?: readonly string[];
  /** Whether its values grow while their step goes on. */
  readonly adds: boolean;
  readonly marks?: readonly ChartMark[] | undefined;
  readonly onZoom: (from: number, to: number) => void;
}

export const ROLLUP_WORDS = { raw: "raw points", "1m": "1-minute rollup", "1h": "1-hour rollup", "1d": "1-day rollup" } as const;
const NONE: readonly MetricSeries[] = [];

/** The lines of one query or formula, and the same as a table with last, least and most. */
export function QueryChart({ letter, title, unit, answer, result, seriesCount = null, nothing, notes = [], adds, marks, onZoom }: QueryChartProps) {
  const series = result?.series ?? NONE;
  const compared = result?.compared ?? NONE;
  const before = answer.compare_seconds === null ? "" : beforeWords(answer.compare_seconds);
  const lines = useMemo(() => linesOf(title, series, compared, before), [title, series, compared, before]);
  const openFrom = adds ? openStep(Date.parse(answer.to), answer.step_seconds * 1000, answer.found_at) : null;
  const leftOut = result?.left_out ?? 0;
  const shown = leftOut === 0 ? plural(series.length, "line") : `the highest ${series.length} of ${formatCount(series.length + leftOut)} lines`;
  const aside = [
    shown,
    ...(seriesCount === null ? [] : [plural(seriesCount, "series", "series")]),
    ...notes,
    ...(openFrom === null ? [] : ["the last step goes on"]),
    `step ${formatStep(answer.step_seconds)}`,
    ROLLUP_WORDS[answer.rollup],
  ].join(" · ");
  return (
    <Panel
      title={
        <>
          <span className={styles["letter"]}>{letter}</span> <span className="mono">{title}</span>
        </>
      }
      aside={aside}
    >
      {lines.length === 0 ? (
        <p className="muted" style={{ margin: 0 }}>
          {nothing}
        </p>
      ) : (
        <>
          <LineChart
            series={lines}
            unit={unit}
            from={Date.parse(answer.from)}
            to={Date.parse(answer.to)}
            stepMs={answer.step_seconds * 1000}
            label={`${title}, ${plural(lines.length, "line")}; gaps are times without points`}
            onZoom={onZoom}
            openFrom={openFrom}
            {...(marks === undefined ? {} : { marks })}
          />
          {leftOut > 0 && (
            <p className="muted">
              {plural(leftOut, "line")} with lower means {leftOut === 1 ? "is" : "are"} left out: narrow with “where”, or group by fewer labels.
            </p>
          )}
          <Legend title={title} lines={lines} unit={unit} openFrom={openFrom} />
        </>
      )}
    </Panel>
  );
}
