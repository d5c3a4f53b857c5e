import type { GraphLine, GraphNode } from "@/schema/wire/world";

export const NODE_WIDTH = 196;
export const NODE_HEIGHT = 42;
const COLUMN_GAP = 76;
const ROW_GAP = 12;
const MARGIN = 24;
const SWEEPS = 4;

export interface Placed {
  readonly node: GraphNode;
  readonly x: number;
  readonly y: number;
}

export interface Drawn {
  readonly line: GraphLine;
  /** A path of SVG. */
  readonly path: string;
}

export interface Layout {
  readonly placed: readonly Placed[];
  readonly drawn: readonly Drawn[];
  readonly width: number;
  readonly height: number;
}

/**
 * From left to right as the data flows: one column a level, in each the order that crosses least
 * (each stands at the middle of its neighbours, a few times to and fro). The same graph is drawn the
 * same way each time.
 */
export function layOut(nodes: readonly GraphNode[], lines: readonly GraphLine[]): Layout {
  const columns = new Map<number, GraphNode[]>();
  for (const node of [...nodes].sort(byName)) columns.set(node.level, [...(columns.get(node.level) ?? []), node]);
  const levels = [...columns.keys()].sort((a, b) => a - b);
  const near = neighboursOf(lines);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const order = sweep % 2 === 0 ? levels : [...levels].reverse();
    for (const level of order) sortColumn(columns.get(level) ?? [], columns, near);
  }
  const tallest = Math.max(...[...columns.values()].map((column) => column.length), 0);
  const height = MARGIN * 2 + tallest * NODE_HEIGHT + Math.max(tallest - 1, 0) * ROW_GAP;
  const placed = new Map<string, Placed>();
  levels.forEach((level, index) => {
    const column = columns.get(level) ?? [];
    const own = column.length * NODE_HEIGHT + Math.max(column.length - 1, 0) * ROW_GAP;
    const top = (height - own) / 2;
    column.forEach((node, row) => {
      placed.set(node.id, { node, x: MARGIN + index * (NODE_WIDTH + COLUMN_GAP), y: top + row * (NODE_HEIGHT + ROW_GAP) });
    });
  });
  const drawn = lines.flatMap((line) => {
    const from = placed.get(line.source_id);
    const to = placed.get(line.target_id);
    return from === undefined || to === undefined ? [] : [{ line, path: pathBetween(from, to) }];
  });
  const width = MARGIN * 2 + levels.length * NODE_WIDTH + Math.max(levels.length - 1, 0) * COLUMN_GAP;
  return { placed: [...placed.values()], drawn, width, height };
}

function byName(a: GraphNode, b: GraphNode): number {
  return a.kind.localeCompare(b.kind) || a.label.localeCompare(b.label) || a.id.localeCompare(b.id);
}

function neighboursOf(lines: readonly GraphLine[]): ReadonlyMap<string, readonly string[]> {
  const near = new Map<string, string[]>();
  for (const { source_id: source, target_id: target } of lines) {
    near.set(source, [...(near.get(source) ?? []), target]);
    near.set(target, [...(near.get(target) ?? []), source]);
  }
  return near;
}

function sortColumn(column: GraphNode[], columns: ReadonlyMap<number, readonly GraphNode[]>, near: ReadonlyMap<string, readonly string[]>): void {
  // Where everybody stands, from 0 at the top of its column to 1 at its end.
  const heights = new Map<string, number>();
  for (const each of columns.values()) each.forEach((node, row) => heights.set(node.id, (row + 0.5) / each.length));
  const wanted = new Map(
    column.map((node) => {
      const places = (near.get(node.id) ?? []).map((id) => heights.get(id)).filter((place) => place !== undefined);
      const mean = places.length === 0 ? (heights.get(node.id) ?? 0.5) : places.reduce((sum, place) => sum + place, 0) / places.length;
      return [node.id, mean];
    }),
  );
  column.sort((a, b) => (wanted.get(a.id) ?? 0) - (wanted.get(b.id) ?? 0) || byName(a, b));
}

function pathBetween(from: Placed, to: Placed): string {
  const [x1, y1] = [from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2];
  const [x2, y2] = [to.x, to.y + NODE_HEIGHT / 2];
  if (x2 > x1) {
    const bend = Math.min((x2 - x1) / 2, 120);
    return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  // Back, or within the column: around the side, so that it is not taken for a line ahead.
  const out = Math.max(x1, x2 + NODE_WIDTH) + 34;
  return `M${x1} ${y1} C${out} ${y1} ${out} ${y2} ${x2 + NODE_WIDTH} ${y2}`;
}
