import { describe, expect, it } from "vitest";

import { PART_BYTES, PART_ROWS, partsOf, type Cutting } from "./parts";

const CSV: Cutting = { byQuotes: true, hasHeader: true };
const NDJSON: Cutting = { byQuotes: false, hasHeader: false };

async function cut(text: string, how: Cutting, step = text.length) {
  async function* chunks() {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += step) yield Promise.resolve(bytes.slice(at, at + step));
  }
  const found = [];
  for await (const part of partsOf(chunks(), how)) found.push({ text: new TextDecoder().decode(part.content), before: part.before });
  return found;
}

describe("a file in parts", () => {
  it("is one part while it is small, wherever its bytes are cut", async () => {
    const text = 'sql,user\n"select\n1",ana\n"say ""hi""",é\n';
    for (const step of [1, 3, 7, 1_000]) expect(await cut(text, CSV, step)).toEqual([{ text, before: 0 }]);
  });

  it("repeats its header and tells how many lines stand above", async () => {
    const row = '"a\nb",1\n';
    const [first, second, ...rest] = await cut(`sql,n\n${row.repeat(PART_ROWS + 2)}`, CSV, 4_099);

    expect(first).toEqual({ text: `sql,n\n${row.repeat(PART_ROWS)}`, before: 0 });
    // Line 2 of the part, the first below its header, is line 2 + 2 × 5,000 of the file.
    expect(second).toEqual({ text: `sql,n\n${row.repeat(2)}`, before: 2 * PART_ROWS });
    expect(rest).toEqual([]);
  });

  it("ends by size too, and never within a row", async () => {
    const row = `{"sql": "${"x".repeat(700_000)}"}\n`;
    const parts = await cut(row.repeat(7), NDJSON, 65_536);

    expect(parts.map((part) => part.text.length / row.length)).toEqual([3, 3, 1]);
    expect(parts.map((part) => part.before)).toEqual([0, 3, 6]);
  });

  it.each([
    ["without a line end", "a,b\n1,2", CSV, ["a,b\n1,2"]],
    ["that is a header only", "a,b\n", CSV, ["a,b\n"]],
    ["that is empty", "", CSV, [""]],
    ["with a header that has no line end", "a,b", CSV, ["a,b"]],
    ["of quotes that are no CSV", '{"a": "\\""}\n{}\n', NDJSON, ['{"a": "\\""}\n{}\n']],
  ] as const)("%s is one part", async (_, text, how, parts) => {
    expect((await cut(text, how)).map((part) => part.text)).toEqual(parts);
  });

  it("says that a quote never ends", async () => {
    await expect(cut(`a\n"${"x".repeat(21 * PART_BYTES)}`, CSV)).rejects.toThrow("never closed");
  });
});
