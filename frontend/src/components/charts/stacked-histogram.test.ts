import { expect, it } from "vitest";

import { niceTop } from "./stacked-histogram";

it.each([
  [1, 1],
  [1.1, 2],
  [3, 3],
  [7, 8],
  [11, 12],
  [21, 25],
  [450, 500],
  [1_060, 1_200],
  [5_001, 6_000],
])("ends an axis for %i at %i", (highest, top) => {
  expect(niceTop(highest)).toBe(top);
});
