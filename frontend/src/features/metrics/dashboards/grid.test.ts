import { describe, expect, it } from "vitest";

import { bottomOf, closeGaps, overlap, placed } from "./grid";

const A = { id: "a", x: 0, y: 0, w: 6, h: 4 };
const B = { id: "b", x: 6, y: 0, w: 6, h: 4 };
const C = { id: "c", x: 0, y: 4, w: 12, h: 2 };
const ALL = [A, B, C];

function apart(panels: readonly (typeof A)[]) {
  return panels.every((one, at) => panels.every((other, place) => at === place || !overlap(one, other)));
}

describe("the grid of a dashboard", () => {
  it("pushes down what a panel comes to lie on, and no other", () => {
    const moved = placed(ALL, "a", { x: 3 });

    expect(moved[0]).toEqual({ ...A, x: 3 });
    expect(moved[1]).toEqual({ ...B, y: 4 });
    expect(moved[2]).toEqual({ ...C, y: 8 });
  });

  it.each([
    ["beyond the right", { x: 40 }, { x: 6 }],
    ["beyond the left", { x: -3 }, { x: 0 }],
    ["above the top", { y: -1 }, { y: 0 }],
    ["wider than there is room", { w: 40 }, { w: 12 }],
    ["to nothing", { w: 0, h: 0 }, { w: 1, h: 1 }],
    ["higher than a panel may be", { h: 99 }, { h: 20 }],
    ["by parts of a cell", { x: 1.4, y: 2.6 }, { x: 1, y: 3 }],
  ])("keeps a panel within when it goes %s", (_, change, expected) => {
    const moved = placed(ALL, "a", change);

    expect(moved[0]).toMatchObject(expected);
    expect(apart(moved)).toBe(true);
  });

  it("does not widen a panel to the left", () => {
    expect(placed(ALL, "b", { w: 9 })[1]).toMatchObject({ x: 6, w: 6 });
  });

  it("leaves nothing over another, whatever is moved where", () => {
    let panels = ALL;
    for (const [id, x, y] of [["c", 2, 1], ["a", 5, 3], ["b", 0, 0], ["c", 11, 7], ["a", 0, 0]] as const) {
      panels = placed(panels, id, { x, y });
      expect(apart(panels)).toBe(true);
    }
  });

  it("closes gaps", () => {
    expect(closeGaps([{ ...B, y: 3 }, { ...C, y: 9 }])).toEqual([{ ...B, y: 0 }, { ...C, y: 4 }]);
    expect(bottomOf(ALL)).toBe(6);
    expect(bottomOf([])).toBe(0);
  });
});
