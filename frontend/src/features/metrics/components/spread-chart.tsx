import { useMemo } from "react";

import { HeatMap } from "@/components/charts/heat-map";
import { LineChart, type ChartMark } from "@/components/charts/line-chart";
import { Notice } from "@/components/ui/notice";
import { Panel } from "@/components/ui/panel";
import { BAND } from "@/features/metrics/asked";
import { formatStep } from "@/lib/time";
import { formatCount } from "@/lib/units";
import type { PanelAnswer, PanelsAnswer } from "@/schema/wire/telemetry";

import { Legend } from "./legend";
import styles from "./metrics.module.css";
import { ROLLUP_WORDS } from "./query-chart";

interface SpreadChartProps {
  readonly letter: string;
  readonly title: string;
  readonly unit: string | null;
  readonly answer: Pick<PanelsAnswer, "step_seconds" | "rollup"> & { readonly from: string; readonly to: string };
  readonly found: PanelAnswer;
  readonly marks?: readonly ChartMark[] | undefined;
  readonly onZoom: (from: number, to: number) => void;
}

/** From the highest: each line's band reaches down to the next. */
const DRAWN = [...BAND].reverse();
const COLORS = { p50: "--series-1", p90: "--series-3", p99: "--series-4" } as const;
const BANDS = [
  { upper: 0, lower: 1 },
  { upper: 1, lower: 2 },
];

/** One metric's values as bands of percentiles, or as a heat map. */
export function SpreadChart({ letter, title, unit, answer, found, marks, onZoom }: SpreadChartProps) {
  const { chart, heat_map: map, error } = found;
  const lines = useMemo(
    () =>
      DRAWN.flatMap((name) => {
        const points = chart?.results[BAND.indexOf(name)]?.series[0]?.points;
        return points === undefined ? [] : [{ name, color: COLORS[name], points }];
      }),
    [chart],
  );
  const shared = { unit, from: Date.parse(answer.from), to: Date.parse(answer.to), stepMs: answer.step_seconds * 1000, onZoom };
  const values = (map?.cells ?? []).reduce((sum, [, , count]) => sum + count, 0);
  const aside = [...(map === null ? [] : [`${formatCount(values)} values`]), `step ${formatStep(answer.step_seconds)}`, ROLLUP_WORDS[answer.rollup]];
  const empty = error === null && lines.length === 0 && values === 0;
  return (
    <Panel
      title={
        <>
          <span className={styles["letter"]}>{letter}</span> <span className="mono">{title}</span>
        </>
      }
      aside={aside.join(" · ")}
    >
      {error !== null && <Notice icon="alert">{error.message}</Notice>}
      {empty && (
        <p className="muted" style={{ margin: 0 }}>
          No points in this range.
        </p>
      )}
      {map !== null && values > 0 && <HeatMap {...shared} map={map} label={`Heat map of ${title}`} />}
      {lines.length > 0 && (
        <>
          <LineChart {...shared} series={lines} bands={BANDS} label={`Percentiles of ${title}; gaps are times without points`} {...(marks === undefined ? {} : { marks })} />
          <Legend title={title} lines={lines} unit={unit} />
        </>
      )}
    </Panel>
  );
}
