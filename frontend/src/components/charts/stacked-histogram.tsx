import { useRef, useState, type PointerEvent } from "react";

import { formatCompact, formatCount } from "@/lib/units";

import { HistogramTooltip } from "./histogram-tooltip";
import styles from "./stacked-histogram.module.css";
import { TimeAxis } from "./time-axis";

export interface StackPart {
  readonly key: string;
  readonly label: string;
  readonly color: string;
  readonly value: number;
  /** Drawn softer: what went as expected should not shout. */
  readonly quiet?: boolean;
}

export interface StackBucket {
  readonly at: number;
  readonly parts: readonly StackPart[];
}

interface StackedHistogramProps {
  readonly buckets: readonly StackBucket[];
  readonly stepMs: number;
  readonly noun: string;
  /** How amounts are written; counts otherwise. */
  readonly format?: (value: number) => string;
  readonly height?: number;
  readonly onSelect?: (from: number, to: number) => void;
}

/** Counts over time, stacked. Empty buckets are zero. Dragging chooses a time range. */
export function StackedHistogram({ buckets, stepMs, noun, format, height = 96, onSelect }: StackedHistogramProps) {
  const plot = useRef<HTMLDivElement>(null);
  const [hover, setHover] = useState<number | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);

  const totals = buckets.map((bucket) => bucket.parts.reduce((sum, part) => sum + part.value, 0));
  const top = niceTop(Math.max(1, ...totals));
  const count = buckets.length;
  const first = buckets[0]?.at ?? 0;
  const all = totals.reduce((sum, total) => sum + total, 0);

  const indexAt = (event: PointerEvent): number => {
    const box = plot.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    return Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) / box.width) * count)));
  };
  const finish = () => {
    if (drag !== null && onSelect !== undefined) {
      const [low, high] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
      onSelect(first + low * stepMs, first + (high + 1) * stepMs);
    }
    setDrag(null);
  };
  const hovered = hover === null ? undefined : buckets[hover];

  return (
    <figure className={styles["figure"]} aria-label={`${formatCount(all)} ${noun} over time, at most ${formatCount(Math.max(0, ...totals))} in one bar`}>
      <div className={styles["frame"]} style={{ height }}>
        <span className={styles["top"]} aria-hidden="true">
          {(format ?? formatCompact)(top)}
        </span>
        <div
          ref={plot}
          className={styles["plot"]}
          data-selectable={onSelect !== undefined}
          onPointerMove={(event) => {
            const index = indexAt(event);
            setHover(index);
            if (drag !== null) setDrag({ ...drag, to: index });
          }}
          onPointerLeave={() => setHover(null)}
          onPointerDown={(event) => {
            if (onSelect === undefined || event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            const index = indexAt(event);
            setDrag({ from: index, to: index });
          }}
          onPointerUp={finish}
          onPointerCancel={() => setDrag(null)}
        >
          <svg viewBox={`0 0 ${Math.max(1, count)} ${top}`} preserveAspectRatio="none" className={styles["bars"]} aria-hidden="true">
            {buckets.map((bucket, index) => (
              <Bar key={bucket.at} bucket={bucket} index={index} top={top} dim={drag !== null && !within(index, drag)} />
            ))}
          </svg>
          {hover !== null && (
            <span className={styles["cursor"]} style={{ left: `${(hover / count) * 100}%`, width: `${100 / count}%` }} />
          )}
        </div>
        {hovered !== undefined && hover !== null && (
          <HistogramTooltip bucket={hovered} stepMs={stepMs} left={(hover + 0.5) / count} noun={noun} format={format} total={totals[hover] ?? 0} />
        )}
      </div>
      <TimeAxis from={first} to={first + count * stepMs} />
    </figure>
  );
}

interface BarProps {
  readonly bucket: StackBucket;
  readonly index: number;
  readonly top: number;
  readonly dim: boolean;
}

function Bar({ bucket, index, top, dim }: BarProps) {
  let y = top;
  return bucket.parts.map((part) => {
    if (part.value === 0) return null;
    y -= part.value;
    return <rect key={part.key} x={index + 0.09} y={y} width={0.82} height={part.value} fill={part.color} opacity={dim ? 0.25 : part.quiet === true ? 0.72 : 1} />;
  });
}

function within(index: number, drag: { readonly from: number; readonly to: number }): boolean {
  return index >= Math.min(drag.from, drag.to) && index <= Math.max(drag.from, drag.to);
}

/** The next 1, 2, 5 × 10ⁿ, so that the axis carries a round number. */
export function niceTop(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest));
  const step = [1, 2, 4, 5, 8, 10].find((each) => each * power >= highest) ?? 10;
  return step * power;
}
