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

it("draws what comes once a minute as a line, in steps of fifteen seconds too", () => {
  const minute = 60_000;
  const [axis, values] = alignSeries([{ points: [0, 1, 2, 6, 7].map((at) => [at * minute, at] as const) }], 15_000);

  const at = (moment: number) => values?.[axis.indexOf(moment)];
  expect([0, 1, 2, 6, 7].map((each) => at(each * minute))).toEqual([0, 1, 2, 6, 7]);
  expect(at(15_000)).toBeUndefined();
  expect(at(2 * minute + 15_000)).toBeNull(); // four minutes of silence are a gap
  expect(isolatedPoints(values ?? [])).toEqual([]);
});

it("takes a missing step of a steady series for a gap", () => {
  const [, values] = alignSeries([{ points: [[0, 1], [10, 2], [20, null], [30, 4], [40, 5]] }], 10);

  expect(values).toEqual([1, 2, null, 4, 5]);
});

it("joins no few values that are far apart", () => {
  const [, values] = alignSeries([{ points: [[0, 1], [500, 2], [1_000, 3]] }], 10);

  expect(values).toEqual([1, null, 2, null, 3]);
});
