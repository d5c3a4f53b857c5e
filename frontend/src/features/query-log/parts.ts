/** Rows of a file below its header; the line that the server tells plus `before` is the file's. */
export interface Part {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly before: number;
}

export interface Cutting {
  /** CSV: a row goes on as long as a quote is open. */
  readonly byQuotes: boolean;
  readonly hasHeader: boolean;
}

// As the command `headway import-queries` parts them.
export const PART_ROWS = 5_000;
export const PART_BYTES = 2 * 1024 * 1024;
const LONGEST_ROW = 20 * PART_BYTES;

const QUOTE = 0x22;
const NEWLINE = 0x0a;

/** Cuts a file into parts that each begin with its header and end with a row. */
export async function* partsOf(chunks: AsyncIterable<Uint8Array>, { byQuotes, hasHeader }: Cutting): AsyncGenerator<Part> {
  let header: Uint8Array | null = hasHeader ? null : new Uint8Array();
  let held = new Uint8Array();
  let quoted = false;
  let before = 0;
  let rows = 0;
  let lines = 0;
  let yielded = false;

  for await (const chunk of chunks) {
    const seen = held.length;
    held = joined(held, chunk);
    let start = 0;
    for (let at = seen; at < held.length; at += 1) {
      if (held[at] === QUOTE && byQuotes) quoted = !quoted;
      if (held[at] !== NEWLINE) continue;
      lines += 1;
      if (quoted) continue;
      if (header === null) {
        header = held.slice(start, at + 1);
        start = at + 1;
        lines = 0;
        continue;
      }
      rows += 1;
      if (rows < PART_ROWS && at + 1 - start < PART_BYTES) continue;
      yield { content: joined(header, held.subarray(start, at + 1)), before };
      yielded = true;
      before += lines;
      start = at + 1;
      rows = 0;
      lines = 0;
    }
    held = held.slice(start);
    if (held.length > LONGEST_ROW) throw new Error("A quote is opened and never closed: is it CSV?");
  }
  // The last row may have no line end; a header alone is for the server to judge.
  if (held.length > 0 || !yielded) yield { content: joined(header ?? new Uint8Array(), held), before };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
