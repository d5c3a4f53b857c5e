import { expect, it } from "vitest";

import { alignSeries, isolatedPoints } from "./align-series";

it("puts series on one axis, with nothing where a series is silent", () => {
  const [axis, a, b] = alignSeries([{ points: [[0, 1], [10, 2]] }, { points: [[10, 5], [20, 6]] }], 10);

  expect(axis).toEqual([0, 10, 20]);
  expect(a).toEqual([1, 2, null]);
  expect(b).toEqual([null, 5, 6]);
});

it("opens a gap where steps are missing, so that no line bridges it", () => {
  const [axis, values] = alignSeries([{ points: [[0, 1], [10, 2], [50, 3]] }], 10);

  expect(axis).toEqual([0, 10, 20, 50]);
  expect(values).toEqual([1, 2, null, 3]);
});

it("finds the values that have no neighbour", () => {
  expect(isolatedPoints([null, 4, null, 1, 2, null, 9])).toEqual([1, 6]);
});
