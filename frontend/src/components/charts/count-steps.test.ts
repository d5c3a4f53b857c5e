import { expect, it } from "vitest";

import { areCounts, COUNT_STEPS } from "./count-steps";

it.each([
  ["whole numbers and gaps", [[0, 3], [10, null], [20, 12_000]], true],
  ["nothing", [], true],
  ["a part of one", [[0, 3], [10, 0.25]], false],
] as const)("tells an axis of counts by its values: %s", (_, points, expected) => {
  expect(areCounts([{ points: [[0, 1]] }, { points }])).toBe(expected);
});

it("steps by whole numbers, ever further", () => {
  expect(COUNT_STEPS.slice(0, 5)).toEqual([1, 2, 5, 10, 20]);
  expect(COUNT_STEPS).toEqual([...new Set(COUNT_STEPS)].sort((a, b) => a - b));
  expect(COUNT_STEPS.every(Number.isInteger)).toBe(true);
});
