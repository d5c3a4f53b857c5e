import { STATE_KINDS, type StateKind } from "@/lib/run-state";
import { formatDuration } from "@/lib/units";

import { endOf, type Columns } from "./columns";
import type { Lanes } from "./lanes";
import { axisTicks, type Viewport } from "./viewport";

export const AXIS_HEIGHT = 24;

export interface Palette {
  readonly kinds: Readonly<Record<StateKind, string>>;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly background: string;
  readonly hover: string;
  readonly accent: string;
}

export interface Scene {
  readonly columns: Columns;
  readonly rows: Uint32Array;
  readonly view: Viewport;
  readonly width: number;
  readonly height: number;
  readonly gutter: number;
  readonly rowHeight: number;
  readonly scrollTop: number;
  readonly nowMs: number;
  readonly hovered: number | null;
  readonly selected: number | null;
  readonly critical: ReadonlySet<number> | null;
  /** Set when rows are packed into lanes; then a lane is what is `rowHeight` high. */
  readonly lanes: Lanes | null;
  /** Row → its place in the filtered list, for the lines between rows; only those of the hovered row are asked for. */
  readonly placeOf: (row: number) => number;
}

// Trouble is drawn last, so that aggregating rows into one line of pixels can never hide it.
const DRAW_ORDER: readonly StateKind[] = [...STATE_KINDS].reverse();
const NAMES_FROM = 14;

/** Draws one frame; its cost follows the rows on screen, and in lanes the pixels that change. */
export function drawTimeline(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  const { width, height } = scene;
  context.clearRect(0, 0, width, height);
  drawGrid(context, scene, palette);
  context.save();
  context.beginPath();
  context.rect(0, AXIS_HEIGHT, width, height - AXIS_HEIGHT);
  context.clip();
  drawBands(context, scene, palette);
  if (scene.lanes === null) drawBars(context, scene, palette);
  else drawLanes(context, scene, palette, scene.lanes);
  if (scene.lanes === null && scene.rowHeight >= NAMES_FROM) drawNames(context, scene, palette);
  if (scene.hovered !== null) drawDependencies(context, scene, palette, scene.hovered);
  context.restore();
}

function visible(scene: Scene): { first: number; last: number } {
  const first = Math.max(0, Math.floor(scene.scrollTop / scene.rowHeight));
  const shown = Math.ceil((scene.height - AXIS_HEIGHT) / scene.rowHeight) + 1;
  return { first, last: Math.min(scene.rows.length, first + shown) };
}

function xOf(scene: Scene, at: number): number {
  const { from, to } = scene.view;
  return scene.gutter + ((at - from) / (to - from)) * (scene.width - scene.gutter);
}

export function yOf(scene: Scene, place: number): number {
  return AXIS_HEIGHT + place * scene.rowHeight - scene.scrollTop;
}

function drawGrid(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  context.font = '11px "Inter Variable", system-ui, sans-serif';
  context.textBaseline = "middle";
  context.textAlign = "left";
  const most = Math.max(2, Math.floor((scene.width - scene.gutter) / 110));
  for (const at of axisTicks(scene.view, most)) {
    const x = Math.round(xOf(scene, at)) + 0.5;
    context.fillStyle = palette.line;
    context.fillRect(x, 0, 1, scene.height);
    context.fillStyle = palette.muted;
    context.fillText(`+${formatDuration(at)}`, x + 5, AXIS_HEIGHT / 2);
  }
  context.fillStyle = palette.line;
  context.fillRect(0, AXIS_HEIGHT - 1, scene.width, 1);
}

function drawBands(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  for (const row of [scene.selected, scene.hovered]) {
    if (row === null) continue;
    const place = scene.placeOf(row);
    if (place < 0) continue;
    context.fillStyle = palette.hover;
    context.fillRect(0, yOf(scene, place), scene.width, Math.max(2, scene.rowHeight));
  }
}

function drawBars(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  const { columns, rows, rowHeight, gutter, width, view, critical } = scene;
  const { first, last } = visible(scene);
  const pad = rowHeight >= NAMES_FROM ? 4 : rowHeight >= 4 ? 1 : 0;
  const barHeight = Math.max(1, rowHeight - 2 * pad);
  const scale = (width - gutter) / (view.to - view.from);

  context.save();
  context.beginPath();
  context.rect(gutter, 0, width - gutter, scene.height);
  context.clip();
  for (const kind of DRAW_ORDER) {
    context.fillStyle = palette.kinds[kind];
    for (let place = first; place < last; place += 1) {
      const row = rows[place] ?? 0;
      if (columns.kinds[columns.state[row] ?? 0] !== kind) continue;
      const start = columns.start[row] ?? NaN;
      const end = endOf(columns, row, scene.nowMs);
      if (Number.isNaN(start) || end < view.from || start > view.to) continue;
      const x = gutter + (start - view.from) * scale;
      const right = Math.max(x + 1.5, gutter + (end - view.from) * scale);
      context.globalAlpha = critical === null || critical.has(row) ? 1 : 0.28;
      context.fillRect(x, yOf(scene, place) + pad, right - x, barHeight);
    }
  }
  context.restore();
}

const NARROWEST_TROUBLE = 3;
const THIN = 3;

function drawLanes(context: CanvasRenderingContext2D, scene: Scene, palette: Palette, lanes: Lanes): void {
  const { columns, rowHeight, width, view, critical } = scene;
  const pad = rowHeight >= 6 ? 1 : 0;
  const scale = width / (view.to - view.from);
  // PERF: bars too thin to be told apart are drawn as one; with 100,000 of them the rectangles are what costs.
  const from = new Float64Array(lanes.count).fill(NaN);
  const to = new Float64Array(lanes.count);
  let kind: StateKind | null = null;
  const paint = (lane: number) => {
    const left = from[lane] ?? NaN;
    if (Number.isNaN(left)) return;
    context.fillRect(left, yOf(scene, lane) + pad, (to[lane] ?? left) - left, Math.max(1, rowHeight - 2 * pad));
    from[lane] = NaN;
  };
  const finish = () => {
    for (let lane = 0; lane < lanes.count; lane += 1) paint(lane);
  };
  const pass = (chosen: (row: number) => boolean, alpha: number) => {
    kind = null;
    for (const row of lanes.order) {
      if (!chosen(row)) continue;
      const start = columns.start[row] ?? NaN;
      const end = endOf(columns, row, scene.nowMs);
      if (end < view.from || start > view.to) continue;
      const own = columns.kinds[columns.state[row] ?? 0] ?? "scheduled";
      if (own !== kind) {
        finish();
        kind = own;
        context.fillStyle = palette.kinds[own];
        context.globalAlpha = own === "completed" ? alpha * 0.72 : alpha;
      }
      const lane = lanes.laneOf[row] ?? 0;
      const x = (start - view.from) * scale;
      const least = own === "failed" || own === "crashed" ? NARROWEST_TROUBLE : 1;
      const right = Math.max(x + least, (end - view.from) * scale - 0.5);
      const joins = right - x < THIN && x - (to[lane] ?? 0) < 1 && !Number.isNaN(from[lane] ?? NaN);
      if (joins) to[lane] = Math.max(to[lane] ?? 0, right);
      else {
        paint(lane);
        from[lane] = x;
        to[lane] = right;
      }
    }
    finish();
  };
  if (critical === null) pass(() => true, 1);
  else {
    pass((row) => !critical.has(row), 0.2);
    pass((row) => critical.has(row), 1);
  }
  context.globalAlpha = 1;
}

function drawNames(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  const { first, last } = visible(scene);
  const { columns, rows, gutter, rowHeight } = scene;
  context.fillStyle = palette.background;
  context.fillRect(0, AXIS_HEIGHT, gutter - 1, scene.height);
  context.fillStyle = palette.line;
  context.fillRect(gutter - 1, AXIS_HEIGHT, 1, scene.height);
  context.save();
  context.beginPath();
  context.rect(0, AXIS_HEIGHT, gutter - 8, scene.height);
  context.clip();
  drawBands(context, scene, palette);
  context.font = '12px "Inter Variable", system-ui, sans-serif';
  context.textBaseline = "middle";
  for (let place = first; place < last; place += 1) {
    const row = rows[place] ?? 0;
    const y = yOf(scene, place);
    const kind = columns.kinds[columns.state[row] ?? 0] ?? "scheduled";
    context.fillStyle = palette.kinds[kind];
    drawMark(context, kind, 12, y + rowHeight / 2);
    context.fillStyle = scene.critical?.has(row) === false ? palette.muted : palette.text;
    context.fillText(columns.names[row] ?? "", 24, y + rowHeight / 2 + 0.5);
  }
  context.restore();
}

/** The state's shape at eight pixels: filled, ringed, crossed or split, so that colour is not needed. */
function drawMark(context: CanvasRenderingContext2D, kind: StateKind, x: number, y: number): void {
  context.strokeStyle = context.fillStyle;
  context.lineWidth = 1.6;
  context.beginPath();
  if (kind === "failed") {
    context.moveTo(x - 3, y - 3);
    context.lineTo(x + 3, y + 3);
    context.moveTo(x + 3, y - 3);
    context.lineTo(x - 3, y + 3);
    context.stroke();
  } else if (kind === "completed") {
    context.moveTo(x - 3.5, y);
    context.lineTo(x - 1, y + 2.8);
    context.lineTo(x + 3.5, y - 3);
    context.stroke();
  } else if (kind === "crashed") {
    context.moveTo(x + 1.5, y - 4.5);
    context.lineTo(x - 2.5, y + 0.6);
    context.lineTo(x + 0.2, y + 0.6);
    context.lineTo(x - 1.2, y + 4.5);
    context.lineTo(x + 3, y - 0.9);
    context.lineTo(x + 0.4, y - 0.9);
    context.fill();
  } else {
    context.arc(x, y, 3.4, 0, Math.PI * 2);
    if (kind === "running") context.fill();
    else context.stroke();
  }
}

function drawDependencies(context: CanvasRenderingContext2D, scene: Scene, palette: Palette, row: number): void {
  const { columns, rowHeight } = scene;
  const toX = xOf(scene, columns.start[row] ?? 0);
  const toY = yOf(scene, scene.placeOf(row)) + rowHeight / 2;
  context.strokeStyle = palette.accent;
  context.lineWidth = 1.5;
  for (const dependency of columns.dependsOn[row] ?? []) {
    const place = scene.placeOf(dependency);
    if (place < 0 || dependency >= columns.count) continue;
    const fromX = xOf(scene, endOf(columns, dependency, scene.nowMs));
    const fromY = yOf(scene, place) + rowHeight / 2;
    const bend = Math.max(14, Math.abs(toX - fromX) / 2);
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.bezierCurveTo(fromX + bend, fromY, toX - bend, toY, toX, toY);
    context.stroke();
    context.beginPath();
    context.arc(fromX, fromY, 2.5, 0, Math.PI * 2);
    context.fillStyle = palette.accent;
    context.fill();
  }
}
