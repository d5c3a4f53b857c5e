export interface DiffLine {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
}

const MOST_COMPARED = 400;

/** What becomes of the lines of one text in another; long texts are shown whole, one after the other. */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  if (before.length > MOST_COMPARED || after.length > MOST_COMPARED) return [...before.map(gone), ...after.map(added)];
  // longest[i][j]: how many lines the rests from i and j have in common, in order.
  const longest = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (i: number, j: number) => longest[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const row = longest[i];
    for (let j = after.length - 1; j >= 0 && row !== undefined; j -= 1) {
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, young] = [before[i], after[j]];
    if (old !== undefined && old === young) {
      lines.push({ kind: "same", text: old });
      i += 1;
      j += 1;
    } else if (old !== undefined && (young === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(gone(old));
      i += 1;
    } else if (young !== undefined) {
      lines.push(added(young));
      j += 1;
    }
  }
  return lines;
}

const gone = (text: string): DiffLine => ({ kind: "gone", text });
const added = (text: string): DiffLine => ({ kind: "new", text });

/** A value as lines: texts as they are, everything else as JSON with its keys in order. */
export function valueLines(value: unknown): string[] {
  if (value === undefined || value === null || value === "") return [];
  if (typeof value === "string") return value.split("\n");
  return JSON.stringify(sorted(value), null, 2).split("\n");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
