export const COLUMNS = 12;
const MAX_HEIGHT = 20;
const LAST_ROW = 1_000;

export interface Placed {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

type Change = Partial<Pick<Placed, "x" | "y" | "w" | "h">>;

/** The panels after one was moved or resized: it stays within the columns, and what it comes to lie on moves down. */
export function placed<T extends Placed>(panels: readonly T[], id: string, change: Change): T[] {
  const found = panels.find((panel) => panel.id === id);
  if (found === undefined) return [...panels];
  const wanted = { ...found, ...change };
  const w = within(wanted.w, 1, change.w === undefined ? COLUMNS : COLUMNS - found.x);
  const h = within(wanted.h, 1, MAX_HEIGHT);
  const moved: T = { ...found, w, h, x: within(wanted.x, 0, COLUMNS - w), y: within(wanted.y, 0, LAST_ROW) };
  const settled: T[] = [moved];
  for (const panel of inOrder(panels.filter((each) => each.id !== id))) settled.push(below(panel, settled));
  return panels.map((panel) => settled.find((each) => each.id === panel.id) ?? panel);
}

/** Every panel as high up as it can go: the gaps that deleted ones left behind close. */
export function closeGaps<T extends Placed>(panels: readonly T[]): T[] {
  const settled: T[] = [];
  for (const panel of inOrder(panels)) {
    let up = panel;
    while (up.y > 0 && !settled.some((each) => overlap(each, { ...up, y: up.y - 1 }))) up = { ...up, y: up.y - 1 };
    settled.push(up);
  }
  return panels.map((panel) => settled.find((each) => each.id === panel.id) ?? panel);
}

/** Below everything that is there. */
export function bottomOf(panels: readonly Placed[]): number {
  return Math.max(0, ...panels.map((panel) => panel.y + panel.h));
}

/** As they are read: from above, and from the left. */
export function inOrder<T extends Placed>(panels: readonly T[]): T[] {
  return [...panels].sort((a, b) => a.y - b.y || a.x - b.x);
}

export function overlap(a: Placed, b: Placed): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function below<T extends Placed>(panel: T, settled: readonly T[]): T {
  let down = panel;
  for (;;) {
    const hit = settled.find((each) => overlap(each, down));
    if (hit === undefined) return down;
    down = { ...down, y: hit.y + hit.h };
  }
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(value)));
}
