import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useEffectEvent, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";

import { extent, extentOf, type Columns } from "@/features/runs/timeline/columns";
import { AXIS_HEIGHT, drawTimeline, type Scene } from "@/features/runs/timeline/draw";
import { packLanes, rowInLane } from "@/features/runs/timeline/lanes";
import { readPalette } from "@/features/runs/timeline/palette";
import { pan, withRoom, zoom, type Viewport } from "@/features/runs/timeline/viewport";
import { plural } from "@/lib/units";

import { TimelineTooltip } from "./timeline-tooltip";
import styles from "./timeline.module.css";

export type Density = "rows" | "dense" | "lanes";

interface TimelineCanvasProps {
  readonly columns: Columns;
  readonly rows: Uint32Array;
  readonly density: Density;
  readonly view: Viewport | null;
  readonly critical: ReadonlySet<number> | null;
  readonly selected: number | null;
  readonly nowMs: number;
  readonly onView: (view: Viewport | null) => void;
  /** The slice of time on screen, when it is not the whole run. */
  readonly onShown: (view: Viewport | null) => void;
  readonly onSelect: (row: number | null) => void;
}

const ROW_HEIGHT = { rows: 22, dense: 6 } as const;
const TALLEST = 480;
const SHORTEST = 156;
const MOST_LANES = 200;
const GUTTER = 220;
const PHONE_GUTTER = 112;

/** Task runs as bars on a canvas: only the rows on screen are drawn, whatever the number of rows. */
export function TimelineCanvas(props: TimelineCanvasProps) {
  const { columns, rows, density, critical, selected, nowMs, onView, onShown, onSelect } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; moved: boolean } | null>(null);
  const [pointer, setPointer] = useState<{ row: number; x: number; y: number } | null>(null);
  const { ref: sizer, width } = useElementSize();
  const scheme = useComputedColorScheme();

  const limits = useMemo(() => withRoom(extent(columns, nowMs)), [columns, nowMs]);
  // A short list gets a short canvas; lanes and long lists get the whole height.
  const needed = AXIS_HEIGHT + rows.length * (density === "lanes" ? ROW_HEIGHT.rows : ROW_HEIGHT[density]) + 8;
  const height = Math.min(TALLEST, Math.max(SHORTEST, needed));
  const bodyHeight = height - AXIS_HEIGHT;
  const lanes = useMemo(
    () => (density === "lanes" ? packLanes(columns, rows, nowMs, MOST_LANES) : null),
    [density, columns, rows, nowMs],
  );
  const drawn = density === "lanes" ? Math.min(bodyHeight / (lanes?.count ?? 1), ROW_HEIGHT.rows) : ROW_HEIGHT[density];
  const gutter = density !== "rows" ? 0 : width < 600 ? PHONE_GUTTER : GUTTER;

  // A tall list is read row by row: without a chosen zoom, time follows the rows on screen.
  const follows = props.view === null && density !== "lanes" && rows.length * drawn > 3 * bodyHeight;
  const shownView = (): Viewport => {
    if (props.view !== null) return props.view;
    if (!follows) return limits;
    const first = Math.floor((scroller.current?.scrollTop ?? 0) / drawn);
    return extentOf(columns, rows.subarray(first, first + Math.ceil(bodyHeight / drawn)), nowMs) ?? limits;
  };

  const places = useMemo(() => {
    const map = new Int32Array(columns.count).fill(-1);
    rows.forEach((row, place) => (map[row] = place));
    return map;
  }, [columns.count, rows]);

  const scene = (): Scene => ({
    columns,
    rows,
    view: shownView(),
    width,
    height,
    gutter,
    rowHeight: drawn,
    scrollTop: scroller.current?.scrollTop ?? 0,
    nowMs,
    hovered: pointer?.row ?? null,
    selected,
    critical,
    lanes,
    placeOf: (row) => lanes?.laneOf[row] ?? places[row] ?? -1,
  });

  const draw = useEffectEvent(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (element === null || context === null || context === undefined || width === 0) return;
    const ratio = window.devicePixelRatio;
    if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
      element.width = Math.round(width * ratio);
      element.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const frame = scene();
    drawTimeline(context, frame, readPalette());
    onShown(follows || props.view !== null ? frame.view : null);
  });

  useEffect(() => {
    const frame = requestAnimationFrame(() => draw());
    return () => cancelAnimationFrame(frame);
  }, [columns, rows, limits, props.view, follows, width, height, drawn, lanes, nowMs, critical, selected, pointer?.row, scheme]);

  const timeAt = (clientX: number): number => {
    const box = canvas.current?.getBoundingClientRect();
    const view = shownView();
    const share = box === undefined ? 0 : (clientX - box.left - gutter) / (width - gutter);
    return view.from + Math.max(0, Math.min(1, share)) * (view.to - view.from);
  };
  const rowAt = (event: PointerEvent): number | null => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return null;
    const y = event.clientY - box.top - AXIS_HEIGHT + (scroller.current?.scrollTop ?? 0);
    if (y < 0) return null;
    if (lanes === null) return rows[Math.floor(y / drawn)] ?? null;
    const view = shownView();
    const pixel = (view.to - view.from) / width;
    return rowInLane(columns, lanes, Math.floor(y / drawn), timeAt(event.clientX), pixel * 2, nowMs);
  };

  const onWheel = useEffectEvent((event: WheelEvent) => {
    const view = shownView();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      onView(zoom(view, timeAt(event.clientX), Math.exp(event.deltaY * 0.002), limits));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      const distance = event.deltaX === 0 ? event.deltaY : event.deltaX;
      onView(pan(view, (distance / (width - gutter)) * (view.to - view.from), limits));
    }
  });
  useEffect(() => {
    const element = scroller.current;
    const wheel = (event: WheelEvent) => onWheel(event);
    const scroll = () => draw();
    element?.addEventListener("wheel", wheel, { passive: false }); // React's own listener is passive and can't stop the page zoom
    element?.addEventListener("scroll", scroll, { passive: true });
    return () => {
      element?.removeEventListener("wheel", wheel);
      element?.removeEventListener("scroll", scroll);
    };
  }, []);

  const reveal = (place: number) => {
    const element = scroller.current;
    if (element === null) return;
    const top = place * drawn;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + drawn > element.scrollTop + bodyHeight) element.scrollTop = top + drawn - bodyHeight;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const view = shownView();
    const middle = (view.from + view.to) / 2;
    const step = (view.to - view.from) / 8;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const place = selected === null ? -1 : (places[selected] ?? -1);
      const next = Math.max(0, Math.min(rows.length - 1, place + (event.key === "ArrowDown" ? 1 : -1)));
      onSelect(rows[next] ?? null);
      reveal(next);
    } else if (event.key === "ArrowRight") onView(pan(view, step, limits));
    else if (event.key === "ArrowLeft") onView(pan(view, -step, limits));
    else if (event.key === "+" || event.key === "=") onView(zoom(view, middle, 0.6, limits));
    else if (event.key === "-") onView(zoom(view, middle, 1.6, limits));
    else if (event.key === "0") onView(null);
    else return;
    event.preventDefault();
  };

  return (
    <div className={styles["wrap"]} ref={sizer}>
      <div
        ref={scroller}
        className={styles["scroller"]}
        style={{ height }}
        tabIndex={0}
        role="application"
        aria-label={`Timeline of ${plural(rows.length, "task run")}. Arrow keys choose a row and move in time, plus and minus zoom, zero shows all.`}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button === 0) drag.current = { x: event.clientX, moved: false };
        }}
        onPointerMove={(event) => {
          const box = canvas.current?.getBoundingClientRect();
          const row = rowAt(event);
          if (drag.current !== null && event.buttons === 1) {
            const distance = event.clientX - drag.current.x;
            if (Math.abs(distance) > 3) drag.current = { x: event.clientX, moved: true };
            if (drag.current.moved && distance !== 0) {
              const view = shownView();
              onView(pan(view, (-distance / (width - gutter)) * (view.to - view.from), limits));
            }
          }
          setPointer(row === null || box === undefined ? null : { row, x: event.clientX - box.left, y: event.clientY - box.top });
        }}
        onPointerUp={(event) => {
          if (drag.current?.moved === false) onSelect(rowAt(event));
          drag.current = null;
        }}
        onPointerLeave={() => {
          drag.current = null;
          setPointer(null);
        }}
      >
        <canvas ref={canvas} className={styles["canvas"]} style={{ width, height }} />
        <div style={{ height: Math.max(0, (lanes === null ? rows.length : 0) * drawn - bodyHeight), width: 1 }} />
      </div>
      {pointer !== null && <TimelineTooltip columns={columns} row={pointer.row} x={pointer.x} y={pointer.y} width={width} nowMs={nowMs} />}
    </div>
  );
}
