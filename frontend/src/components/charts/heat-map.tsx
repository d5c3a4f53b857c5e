import { useRef, useState, type PointerEvent } from "react";

import { formatExact } from "@/lib/time";
import { formatCount, formatValue } from "@/lib/units";

import tooltip from "./chart-tooltip.module.css";
import { edgePlaces, heatPaths, LEVELS, type HeatCells } from "./heat-cells";
import styles from "./heat-map.module.css";
import { TimeAxis } from "./time-axis";

interface HeatMapProps {
  readonly map: HeatCells;
  readonly unit: string | null;
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly label: string;
  readonly height?: number;
  readonly onZoom?: (from: number, to: number) => void;
}

/** How values were spread, step by step: the darker, the more of them. Dragging chooses a range. */
export function HeatMap({ map, unit, from, to, stepMs, label, height = 280, onZoom }: HeatMapProps) {
  const plot = useRef<HTMLDivElement>(null);
  const [hover, setHover] = useState<{ column: number; row: number; left: number } | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const start = Math.floor(from / stepMs) * stepMs;
  const columns = Math.max(1, Math.ceil((to - start) / stepMs));
  const rows = map.edges.length - 1;
  const all = map.cells.reduce((sum, [, , count]) => sum + count, 0);

  const placeOf = (event: PointerEvent) => {
    const box = plot.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0 || box.height === 0) return { column: 0, row: 0, left: 0 };
    const x = Math.min(0.9999, Math.max(0, (event.clientX - box.left) / box.width));
    const y = Math.min(0.9999, Math.max(0, (event.clientY - box.top) / box.height));
    return { column: Math.floor(x * columns), row: rows - 1 - Math.floor(y * rows), left: x };
  };
  const finish = () => {
    if (drag !== null && onZoom !== undefined && drag.from !== drag.to) {
      const [low, high] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
      onZoom(start + low * stepMs, start + (high + 1) * stepMs);
    }
    setDrag(null);
  };
  const at = hover === null ? 0 : start + hover.column * stepMs;
  const here = hover === null ? [] : map.cells.filter((cell) => cell[0] === at);

  return (
    <figure className={styles["figure"]} role="img" aria-label={`${label}: ${formatCount(all)} values`}>
      <div className={styles["frame"]} style={{ height: height - 24 }}>
        <div className={styles["labels"]} aria-hidden="true">
          {edgePlaces(map.edges.length, 6).map((place) => (
            <span key={place} style={{ bottom: `${(place / rows) * 100}%` }}>
              {formatValue(map.edges[place], unit)}
            </span>
          ))}
        </div>
        <div
          ref={plot}
          className={styles["plot"]}
          onPointerMove={(event) => {
            const place = placeOf(event);
            setHover(place);
            if (drag !== null) setDrag({ ...drag, to: place.column });
          }}
          onPointerLeave={() => setHover(null)}
          onPointerDown={(event) => {
            if (onZoom === undefined || event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            const { column } = placeOf(event);
            setDrag({ from: column, to: column });
          }}
          onPointerUp={finish}
          onPointerCancel={() => setDrag(null)}
        >
          <svg viewBox={`0 0 ${columns} ${Math.max(1, rows)}`} preserveAspectRatio="none" className={styles["cells"]} aria-hidden="true">
            {heatPaths(map, start, stepMs).map((path, level) => (
              <path key={level} d={path} fill="var(--series-1)" fillOpacity={0.14 + (0.86 * level) / (LEVELS - 1)} />
            ))}
          </svg>
          {drag !== null && (
            <span
              className={styles["chosen"]}
              style={{
                left: `${(Math.min(drag.from, drag.to) / columns) * 100}%`,
                width: `${((Math.abs(drag.to - drag.from) + 1) / columns) * 100}%`,
              }}
            />
          )}
          {hover !== null && (
            <div className={tooltip["tooltip"]} style={hover.left > 0.6 ? { right: `${(1 - hover.left) * 100 + 2}%`, top: 8 } : { left: `${hover.left * 100 + 2}%`, top: 8 }}>
              <div className={tooltip["when"]}>{formatExact(at)}</div>
              <div className={tooltip["row"]}>
                <span className={tooltip["label"]}>
                  {formatValue(map.edges[hover.row], unit)} to {formatValue(map.edges[hover.row + 1], unit)}
                </span>
                <span className={tooltip["value"]}>{formatCount(here.find((cell) => cell[1] === hover.row)?.[2] ?? 0)}</span>
                <span className={tooltip["share"]}>of {formatCount(here.reduce((sum, cell) => sum + cell[2], 0))}</span>
              </div>
            </div>
          )}
        </div>
      </div>
      <div className={styles["axis"]}>
        <TimeAxis from={start} to={start + columns * stepMs} />
      </div>
    </figure>
  );
}
