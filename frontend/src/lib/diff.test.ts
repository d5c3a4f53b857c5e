import { expect, it } from "vitest";

import { diffLines, valueLines } from "./diff";

const short = (before: string, after: string) =>
  diffLines([...before], [...after])
    .map(({ kind, text }) => `${{ same: " ", gone: "-", new: "+" }[kind]}${text}`)
    .join("");

it.each([
  ["abc", "abc", " a b c"],
  ["abc", "adc", " a-b+d c"],
  ["", "ab", "+a+b"],
  ["ab", "", "-a-b"],
  ["abcd", "bcxd", "-a b c+x d"],
])("compares %s with %s", (before, after, lines) => {
  expect(short(before, after)).toBe(lines);
});

it("shows two very long texts one after the other", () => {
  const long = Array.from({ length: 401 }, (_, index) => String(index));

  expect(diffLines(long, ["0"]).filter((line) => line.kind === "gone")).toHaveLength(401);
});

it("writes values as lines, whatever the order of their keys", () => {
  expect(valueLines({ b: 1, a: [{ d: 1, c: 2 }] })).toEqual(valueLines({ a: [{ c: 2, d: 1 }], b: 1 }));
  expect(valueLines("two\nlines")).toEqual(["two", "lines"]);
  expect([null, undefined, ""].map(valueLines)).toEqual([[], [], []]);
  expect(valueLines(false)).toEqual(["false"]);
});
