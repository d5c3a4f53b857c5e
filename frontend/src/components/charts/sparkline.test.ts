import { expect, it } from "vitest";

import { sparkShape } from "./sparkline";

it("draws stretches apart, and what stands alone as a dot", () => {
  const shape = sparkShape([[0, 0], [10, 10], [20, null], [30, 5], [40, null]], 0, 40, 100, 20);

  expect(shape).toEqual({
    line: "M0 20L25 0",
    area: "M0 20L0 20L25 0L25 20Z",
    dots: [{ x: 75, y: 10 }],
    least: 0,
    most: 10,
  });
});

it("lets values below zero hang from it", () => {
  expect(sparkShape([[0, -10], [10, -5]], 0, 10, 10, 10)?.line).toBe("M0 10L10 5");
});

it.each([
  ["no points", []],
  ["gaps only", [[0, null]] as const],
])("has no shape for %s", (_, points) => {
  expect(sparkShape(points, 0, 10, 10, 10)).toBeNull();
});

it("stands a line of zeros on the ground", () => {
  expect(sparkShape([[0, 0], [10, 0]], 0, 10, 10, 10)?.line).toBe("M0 10L10 10");
});
