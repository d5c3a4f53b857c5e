import { useId, useRef, useState, type PointerEvent } from "react";

import { formatCompact, formatCount, formatRough } from "@/lib/units";

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
  /** Estimated: the sum is likely within. It is drawn hatched. */
  readonly margin?: { readonly low: number; readonly high: number } | undefined;
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
  const isEstimate = buckets.some((bucket) => bucket.margin !== undefined);
  const all = totals.reduce((sum, total) => sum + total, 0);
  const write = isEstimate ? formatRough : formatCount;

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
  const hatch = useId();
  const hovered = hover === null ? undefined : buckets[hover];

  return (
    <figure className={styles["figure"]} aria-label={`${isEstimate ? "About " : ""}${write(all)} ${noun} over time, at most ${write(Math.max(0, ...totals))} in one bar`}>
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
            {isEstimate && <Hatch id={hatch} width={Math.max(1, count)} top={top} height={height} />}
            {buckets.map((bucket, index) => (
              <Bar key={bucket.at} bucket={bucket} index={index} top={top} hatch={hatch} dim={drag !== null && !within(index, drag)} />
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
  readonly hatch: string;
  readonly dim: boolean;
}

function Bar({ bucket, index, top, hatch, dim }: BarProps) {
  let y = top;
  return bucket.parts.map((part) => {
    if (part.value === 0) return null;
    y -= part.value;
    return (
      <rect
        key={part.key}
        x={index + 0.09}
        y={y}
        width={0.82}
        height={part.value}
        fill={part.color}
        opacity={dim ? 0.25 : part.quiet === true ? 0.72 : 1}
        {...(bucket.margin === undefined ? {} : { mask: `url(#${hatch})` })}
      />
    );
  });
}

interface HatchProps {
  readonly id: string;
  readonly width: number;
  readonly top: number;
  readonly height: number;
}

/** Level stripes: the drawing is stretched to the width of the page, and slanted ones would lean with it. */
function Hatch({ id, width, top, height }: HatchProps) {
  const pixel = top / height;
  return (
    <defs>
      <pattern id={`${id}-stripes`} patternUnits="userSpaceOnUse" width={width} height={4 * pixel}>
        <rect width={width} height={4 * pixel} fill="#fff" fillOpacity={0.3} />
        <rect width={width} height={2 * pixel} fill="#fff" />
      </pattern>
      <mask id={id} maskUnits="userSpaceOnUse" x={0} y={0} width={width} height={top}>
        <rect width={width} height={top} fill={`url(#${id}-stripes)`} />
      </mask>
    </defs>
  );
}

function within(index: number, drag: { readonly from: number; readonly to: number }): boolean {
  return index >= Math.min(drag.from, drag.to) && index <= Math.max(drag.from, drag.to);
}

/** The next round number, for the axis to carry; a whole one, and never far above the highest bar. */
export function niceTop(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest));
  const step = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((each) => each * power >= highest && Number.isInteger(each * power)) ?? 10;
  return step * power;
}
