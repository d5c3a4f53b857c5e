import { describe, expect, it } from "vitest";

import { edgePlaces, heatPaths, LEVELS, levelOf } from "./heat-cells";

describe("heat cells", () => {
  it("puts cells of one depth into one path, rows from below", () => {
    const paths = heatPaths({ edges: [0, 1, 2], cells: [[1000, 0, 4], [2000, 1, 4], [2000, 0, 1]] }, 1000, 1000);

    expect(paths[LEVELS - 1]).toBe("M0 1h1v1h-1zM1 0h1v1h-1z");
    expect(paths.filter((path) => path !== "")).toHaveLength(2);
  });

  it.each([
    [1, 1, LEVELS - 1],
    [1, 1_000_000, 0],
    [25, 100, 3],
  ])("shows %i of at most %i at depth %i", (count, most, level) => {
    expect(levelOf(count, most)).toBe(level);
  });

  it.each([
    [0, []],
    [2, [0, 1]],
    [25, [0, 6, 12, 18, 24]],
    [4, [0, 1, 2, 3]],
  ])("writes a few of %i edges", (count, places) => {
    expect(edgePlaces(count, 5)).toEqual(places);
  });
});
