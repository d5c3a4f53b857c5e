import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { formatTick } from "@/lib/time";
import { formatValue } from "@/lib/units";

import { alignSeries, isolatedPoints } from "./align-series";
import { axisWidth } from "./axis-width";
import { areCounts, COUNT_STEPS } from "./count-steps";
import styles from "./line-chart.module.css";
import { LineTooltip } from "./line-tooltip";

export interface LineSeries {
  readonly name: string;
  /** A CSS variable, so that a change of theme recolours the line. */
  readonly color: string;
  readonly points: readonly (readonly [at: number, value: number | null])[];
  /** Another time, or another measure, than the lines it lies beside. */
  readonly dashed?: boolean;
}

/** A moment that explains a line. */
export interface ChartMark {
  readonly at: number;
  readonly label: string;
}

/** The room between two lines, by their places. */
export interface ChartBand {
  readonly upper: number;
  readonly lower: number;
}

interface LineChartProps {
  readonly series: readonly LineSeries[];
  readonly unit: string | null;
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly label: string;
  readonly height?: number;
  readonly onZoom?: (from: number, to: number) => void;
  readonly marks?: readonly ChartMark[];
  readonly bands?: readonly ChartBand[];
  /** From here on the last step goes on: what it holds is not all yet. */
  readonly openFrom?: number | null;
}

const NO_MARKS: readonly ChartMark[] = [];
const NO_BANDS: readonly ChartBand[] = [];

/** Lines over time. What is missing is drawn as a gap; what comes seldomer than the steps is not. Dragging chooses a range. */
export function LineChart({ series, unit, from, to, stepMs, label, height = 280, onZoom, marks = NO_MARKS, bands = NO_BANDS, openFrom = null }: LineChartProps) {
  const { ref: sizer, width } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState<{ index: number; left: number } | null>(null);
  const scheme = useComputedColorScheme();
  const aligned = alignSeries(series, stepMs);
  const zoomed = useEffectEvent((low: number, high: number) => onZoom?.(low, high));
  const build = useEffectEvent((element: HTMLElement) => {
    const style = getComputedStyle(document.documentElement);
    const read = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: read("--text-muted"),
      grid: { stroke: read("--line"), width: 1 },
      ticks: { show: false },
      font: '11px "Inter Variable", system-ui, sans-serif',
    };
    const options: uPlot.Options = {
      width,
      height,
      legend: { show: false },
      ms: 1,
      padding: [8, 20, 0, 0],
      scales: { x: { time: true, range: [from, to] }, y: { range: (_, low, high) => paddedRange(low, high) } },
      cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false, setScale: false } },
      axes: [
        { ...axis, values: (_, splits) => splits.map((at) => formatTick(at, to - from)), space: 90, size: 30 },
        { ...axis, values: (_, splits) => splits.map((value) => formatValue(value, unit)), size: (_, labels) => axisWidth(labels), ...(areCounts(series) ? { incrs: COUNT_STEPS } : {}) },
      ],
      series: [
        {},
        ...series.map((each) => ({
          label: each.name,
          stroke: read(each.color),
          width: each.dashed === true ? 1.25 : 1.75,
          ...(each.dashed === true ? { dash: [5, 4] } : {}),
          spanGaps: false,
          points: {
            size: 5,
            fill: read(each.color),
            filter: (self: uPlot, index: number) => isolatedPoints(self.data[index] ?? []),
            show: true,
          },
        })),
      ],
      bands: bands.map(({ upper, lower }) => ({ series: [upper + 1, lower + 1], fill: `${read(series[upper]?.color ?? "--series-1")}2e` })),
      hooks: {
        drawAxes: [(self) => shadeFrom(self, openFrom, read("--line"))],
        draw: [(self) => drawMarks(self, marks, read("--text-muted"))],
        setCursor: [
          (self) => {
            const index = self.cursor.idx;
            const left = self.cursor.left ?? -1;
            setCursor(index === null || index === undefined || left < 0 ? null : { index, left: left + self.over.offsetLeft });
          },
        ],
        setSelect: [
          (self) => {
            if (self.select.width < 4) return;
            const low = self.posToVal(self.select.left, "x");
            const high = self.posToVal(self.select.left + self.select.width, "x");
            self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            zoomed(low, high);
          },
        ],
      },
    };
    return new uPlot(options, aligned as uPlot.AlignedData, element);
  });

  useEffect(() => {
    if (host.current === null || width === 0) return;
    const plot = build(host.current);
    return () => plot.destroy();
  }, [series, unit, from, to, width, height, scheme, marks, bands, openFrom]);

  const at = cursor === null ? undefined : aligned[0]?.[cursor.index];
  return (
    <div ref={sizer} className={styles["chart"]} style={{ height }} role="img" aria-label={label}>
      <div ref={host} />
      {cursor !== null && at !== null && at !== undefined && (
        <LineTooltip
          at={at}
          left={cursor.left}
          width={width}
          unit={unit}
          marks={marks.filter((mark) => Math.abs(mark.at - at) <= Math.max(stepMs, (to - from) / 150))}
          rows={series.map((each, index) => ({
            name: each.name,
            color: each.color,
            value: aligned[index + 1]?.[cursor.index] ?? null,
          }))}
        />
      )}
    </div>
  );
}

function drawMarks(plot: uPlot, marks: readonly ChartMark[], color: string) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.globalAlpha = 0.7;
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  let last = -Infinity;
  for (const { at } of [...marks].sort((a, b) => a.at - b.at)) {
    const x = Math.round(plot.valToPos(at, "x", true)) + 0.5;
    // Many at once are one mark: the lines behind them have to stay in sight.
    if (x < bbox.left || x > bbox.left + bbox.width || x - last < 8 * devicePixelRatio) continue;
    last = x;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const size = 4 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top);
    ctx.lineTo(x + size, bbox.top);
    ctx.lineTo(x, bbox.top + size * 1.4);
    ctx.fill();
  }
  ctx.restore();
}

function shadeFrom(plot: uPlot, from: number | null, color: string) {
  if (from === null) return;
  const { ctx, bbox } = plot;
  const left = Math.max(plot.valToPos(from, "x", true), bbox.left);
  const width = bbox.left + bbox.width - left;
  if (width <= 0) return;
  ctx.save();
  ctx.globalAlpha = 0.5;
  ctx.fillStyle = color;
  ctx.fillRect(left, bbox.top, width, bbox.height);
  ctx.restore();
}

/** Room above and below; a constant line gets some too, and a count never starts below zero. */
function paddedRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const span = high - low || Math.abs(high) || 1;
  const bottom = low - span * 0.08;
  return [low >= 0 && bottom < 0 ? 0 : bottom, high + span * 0.08];
}
