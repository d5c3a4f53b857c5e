import { describe, expect, it } from "vitest";

import type { TimelinePage } from "@/schema/wire/runs";
import { makeTimeline } from "@/testing/demo/timeline";
import { BIG_RUN_ID } from "@/testing/demo/runs";
import { world } from "@/testing/world";

import { columnsFrom, extent, filterRows } from "./columns";
import { criticalPath } from "./critical-path";
import { packLanes, rowInLane } from "./lanes";
import { concurrency, summarise } from "./summaries";
import { axisTicks, pan, zoom } from "./viewport";

// extract ─┬─ clean (slow) ── load        check runs beside them and fails
//          └─ quick ─────────┘
const page: TimelinePage = {
  epoch: 1,
  total: 6,
  task_names: ["extract", "clean", "load", "check"],
  states: ["COMPLETED", "FAILED", "RUNNING", "PENDING"],
  origin_at: "2026-01-01T00:00:00Z",
  next_cursor: null,
  depends_on_outside: [],
  rows: {
    id: ["a", "b", "c", "d", "e", "f"],
    task: [0, 1, 1, 3, 2, 2],
    name: ["extract", "clean[0]", "clean[1]", "check", "load", "load later"],
    state: [0, 0, 0, 1, 2, 3],
    start_ms: [0, 100, 100, 120, 500, null],
    end_ms: [100, 450, 200, 180, null, null],
    depends_on: [[], [0], [0], [], [1, 2], [4]],
  },
};
const columns = columnsFrom([page]);
const NOW = 800;

describe("columnsFrom", () => {
  it("joins pages whose names and origins differ", () => {
    const next: TimelinePage = { ...page, task_names: ["load"], states: ["FAILED"], origin_at: "2026-01-01T00:00:01Z", rows: { id: ["y", "z"], task: [0, 0], name: ["load[8]", "load[9]"], state: [0, 0], start_ms: [1, 5], end_ms: [4, 10], depends_on: [[], [0]] } };
    const joined = columnsFrom([page, next]);

    expect(joined.count).toBe(8);
    expect(joined.taskNames).toEqual(["extract", "clean", "load", "check"]);
    expect(joined.start[6]).toBe(1_005);
    expect(joined.dependsOn[6]).toEqual([5]);
    expect(joined.kinds[joined.state[5] ?? 0]).toBe("failed");
  });

  it("follows dependencies into other pages and sorts by start", () => {
    const rows = { task: [0, 0], name: ["x", "y"], state: [0, 0], start_ms: [null, 90], end_ms: [null, 95], depends_on: [[], []] };
    const next: TimelinePage = { ...page, depends_on_outside: [[1, "a"], [0, "f"], [0, "gone"]], rows: { id: ["y", "z"], ...rows } };
    const both = columnsFrom([page, next]);

    expect(both.ids).toEqual(["a", "z", "b", "c", "d", "e", "f", "y"]);
    expect(both.dependsOn.map((each) => each.map((row) => both.ids[row]))).toEqual([
      [], ["a"], ["a"], ["a"], [], ["b", "c"], ["e"], ["f"],
    ]);
    expect([...both.start].slice(0, 3)).toEqual([0, 90, 100]);
  });

  it("spans from the first start to now while something runs", () => {
    expect(extent(columns, NOW)).toEqual({ from: 0, to: 800 });
  });
});

describe("filterRows", () => {
  it.each([
    [{ kinds: undefined, text: undefined }, [0, 1, 2, 3, 4, 5]],
    [{ kinds: ["failed"] as const, text: undefined }, [3]],
    [{ kinds: undefined, text: "CLEAN" }, [1, 2]],
    [{ kinds: undefined, text: "[1]" }, [2]],
    [{ kinds: ["failed"] as const, text: "clean" }, []],
  ])("%j → %j", (filter, rows) => {
    expect([...filterRows(columns, filter)]).toEqual(rows);
  });
});

it("finds the chain that decided when the run ended", () => {
  expect(criticalPath(columns, NOW)).toEqual({ rows: [0, 1, 4], busyMs: 100 + 350 + 300 });
});

it("ends at a dependency that points at itself", () => {
  const looped = columnsFrom([{ ...page, rows: { ...page.rows, depends_on: [[0], [1], [2], [3], [4], [5]] } }]);

  expect(criticalPath(looped, NOW).rows).toEqual([4]);
});

it("sums up each task, the one with most time first", () => {
  const [first, second] = summarise(columns, NOW);

  expect(first).toMatchObject({ task: "clean", count: 2, medianMs: 100, p95Ms: 350, totalMs: 450 });
  expect(second).toMatchObject({ task: "load", count: 2, totalMs: 300 });
  expect(second?.byKind.get("pending")).toBe(1);
});

it("counts what ran at once", () => {
  expect([...concurrency(columns, 0, 800, 8, NOW)]).toEqual([1, 3, 1, 1, 1, 1, 1, 1]);
});

describe("packLanes", () => {
  it("needs as many lanes as ran at once, and paints trouble last", () => {
    const lanes = packLanes(columns, filterRows(columns, { kinds: undefined, text: undefined }), NOW, 50);

    expect(lanes.count).toBe(3);
    expect(lanes.order.at(-1)).toBe(3);
    expect(lanes.laneOf[5]).toBe(-1);
  });

  it("never puts two rows over each other while lanes are left", () => {
    const lanes = packLanes(columns, Uint32Array.of(0, 1, 2, 3, 4), NOW, 50);

    expect(new Set([1, 2, 3].map((row) => lanes.laneOf[row])).size).toBe(3);
  });

  it("finds the row under the pointer", () => {
    const lanes = packLanes(columns, Uint32Array.of(0, 1, 2, 3, 4), NOW, 50);

    expect(rowInLane(columns, lanes, lanes.laneOf[1] ?? 0, 300, 1, NOW)).toBe(1);
    expect(rowInLane(columns, lanes, lanes.laneOf[3] ?? 0, 700, 1, NOW)).toBeNull();
  });
});

describe("the viewport", () => {
  it("names no moment of less than a millisecond", () => {
    expect(axisTicks({ from: 4.2, to: 6.1 }, 7)).toEqual([5, 6]);
  });

  const limits = { from: 0, to: 1_000 };

  it("zooms around the moment under the pointer", () => {
    expect(zoom(limits, 250, 0.5, limits)).toEqual({ from: 125, to: 625 });
  });

  it("stays within the run", () => {
    expect(pan({ from: 100, to: 300 }, -500, limits)).toEqual({ from: 0, to: 200 });
    expect(zoom({ from: 0, to: 500 }, 0, 10, limits)).toEqual(limits);
  });

  it.each([
    [{ from: 0, to: 1_000 }, 5, [0, 200, 400, 600, 800, 1_000]],
    [{ from: 0, to: 120_000 }, 4, [0, 30_000, 60_000, 90_000, 120_000]],
  ])("puts round moments on the axis of %j", (view, most, ticks) => {
    expect(axisTicks(view, most)).toEqual(ticks);
  });
});

it("holds 100,000 task runs", () => {
  const run = world.runs.find((each) => each.id === BIG_RUN_ID);
  if (run === undefined) throw new Error("the demo has a big run");
  const big = columnsFrom([makeTimeline(run)]);

  expect(big.count).toBe(100_000);
  expect(filterRows(big, { kinds: ["failed"], text: undefined }).length).toBeGreaterThan(50);
  expect(packLanes(big, filterRows(big, { kinds: undefined, text: undefined }), 0, 200).count).toBe(64);
});
