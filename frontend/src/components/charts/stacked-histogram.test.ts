import { expect, it } from "vitest";

import { niceTop } from "./stacked-histogram";

it.each([
  [1, 1],
  [3, 4],
  [7, 8],
  [11, 20],
  [450, 500],
  [5_001, 8_000],
])("ends an axis for %i at %i", (highest, top) => {
  expect(niceTop(highest)).toBe(top);
});
