import { describe, expect, it } from "vitest";

import { layOut, NODE_HEIGHT, NODE_WIDTH } from "@/features/world/layout";
import { aloneSentence, bestFocus, impactSentence, mergeGraphs, momentsBetween, namesOf, ownId, parseWorldSearch, spanAt } from "@/features/world/model";
import type { GraphLine, GraphNode } from "@/schema/wire/world";

const AT = "2026-11-01T00:00:00Z";

function node(id: string, level: number, changes: Partial<GraphNode> = {}): GraphNode {
  return { id, kind: "table", namespace: "bigquery", name: id, label: id, first_seen: AT, last_seen: AT, count: 1, level, more_up: 0, more_down: 0, ...changes };
}

function line(source_id: string, target_id: string): GraphLine {
  return { source_id, target_id, role: "depends_on", flows: true, first_seen: AT, last_seen: AT, count: 1 };
}

describe("the layout", () => {
  it("goes from left to right by level and overlaps nothing", () => {
    const nodes = [node("a", -1), node("b", -1), node("focus", 0), node("c", 1), node("d", 1), node("e", 2)];
    const { placed, drawn, width, height } = layOut(nodes, [line("a", "focus"), line("b", "focus"), line("focus", "c"), line("d", "e")]);

    const at = new Map(placed.map((each) => [each.node.id, each]));
    expect(at.get("a")?.x).toBe(at.get("b")?.x);
    expect(at.get("a")?.x).toBeLessThan(at.get("focus")?.x ?? 0);
    expect(at.get("c")?.x).toBeLessThan(at.get("e")?.x ?? 0);
    for (const one of placed) {
      expect(one.x + NODE_WIDTH).toBeLessThanOrEqual(width);
      expect(one.y + NODE_HEIGHT).toBeLessThanOrEqual(height);
      for (const other of placed) {
        if (one !== other && one.x === other.x) expect(Math.abs(one.y - other.y)).toBeGreaterThanOrEqual(NODE_HEIGHT);
      }
    }
    expect(drawn).toHaveLength(4);
  });

  it("puts each beside what it is linked with", () => {
    const nodes = [node("a", 0), node("b", 0), node("c", 0), node("x", 1), node("y", 1), node("z", 1)];
    const { placed } = layOut(nodes, [line("a", "z"), line("b", "y"), line("c", "x")]);

    const height = new Map(placed.map((each) => [each.node.id, each.y]));
    expect(height.get("a")).toBe(height.get("z"));
    expect(height.get("b")).toBe(height.get("y"));
    expect(height.get("c")).toBe(height.get("x"));
  });

  it("draws the same graph the same way, whatever the order", () => {
    const nodes = [node("a", 0), node("b", 1), node("c", 1), node("d", 2)];
    const lines = [line("a", "b"), line("a", "c"), line("b", "d")];
    const sorted = (layout: ReturnType<typeof layOut>) => [...layout.placed].sort((one, other) => one.node.id.localeCompare(other.node.id));

    expect(sorted(layOut([...nodes].reverse(), [...lines].reverse()))).toEqual(sorted(layOut(nodes, lines)));
  });

  it("leads lines back around the side, and is there for nothing", () => {
    const { drawn } = layOut([node("a", 0), node("b", 1)], [line("b", "a")]);

    expect(drawn[0]?.path).toMatch(/^M\d/);
    expect(layOut([], []).placed).toEqual([]);
  });
});

describe("the model of the world", () => {
  it("puts what was opened beside what there is", () => {
    const base = { focus_id: "f", nodes: [node("f", 0), node("x", 2, { more_down: 2 })], lines: [line("f", "x")], truncated: false };
    const more = { focus_id: "x", nodes: [node("x", 0), node("y", 1), node("f", -2)], lines: [line("x", "y")], truncated: false };

    const merged = mergeGraphs(base, [{ id: "x", graph: more }, { id: "unknown", graph: more }]);

    expect(Object.fromEntries(merged.nodes.map((each) => [each.id, each.level]))).toEqual({ f: 0, x: 2, y: 3 });
    expect(merged.nodes.find((each) => each.id === "x")?.more_down).toBe(0);
    expect(merged.lines).toHaveLength(2);
  });

  it.each([
    ["table", "shop.public.orders", { short: "orders", under: "shop.public" }],
    ["deployment", "load/nightly", { short: "load", under: "nightly" }],
    ["column", "orders.id", { short: "id", under: "orders" }],
    ["user", "maria@acme.example", { short: "maria@acme.example", under: "" }],
  ])("says what a %s is called", (kind, label, names) => {
    expect(namesOf({ kind, label, name: label })).toEqual(names);
  });

  it("says who is affected in a sentence", () => {
    const nobody = { affected: [], counts: {}, owners: [], truncated: false };
    expect(impactSentence(nobody)).toBe("Nothing that is known depends on it.");
    expect(impactSentence({ ...nobody, counts: { dashboard: 1 } })).toBe("1 dashboard depends on it.");
    expect(impactSentence({ ...nobody, counts: { table: 2, user: 1 } })).toBe("2 tables and 1 person depend on it.");
    expect(impactSentence({ ...nobody, counts: { deployment: 1, table: 2, user: 3 }, truncated: true })).toBe("At least 1 deployment, 2 tables and 3 people depend on it.");
  });

  it.each([
    ["both", null, "Nothing is known around it."],
    ["both", "by then", "Nothing was seen around it by then."],
    ["up", null, "No source of it is known."],
    ["up", "in this time", "No source of it was seen in this time."],
    ["down", null, "Nothing that is known depends on it."],
    ["down", "by then", "Nothing was seen to depend on it by then."],
  ] as const)("says of a thing alone, looking %s, %s: %s", (direction, when, sentence) => {
    expect(aloneSentence(direction, when)).toBe(sentence);
  });

  it("opens with the table that is named most, and keeps only what an address may say", () => {
    expect(bestFocus([node("a", 0, { count: 3 }), node("b", 0, { count: 9 }), node("u", 0, { kind: "user", count: 99 })])).toBe("b");
    expect(bestFocus([])).toBeUndefined();
    expect(parseWorldSearch({ depth: "9", direction: "sideways", kind: "table", open: ["a"], columns: "no" })).toEqual({
      focus: undefined,
      direction: undefined,
      depth: undefined,
      kind: ["table"],
      q: undefined,
      columns: undefined,
      queries: undefined,
      open: ["a"],
    });
  });
});

describe("time", () => {
  const NOW = Date.parse("2026-11-22T10:30:00Z");
  const isoOf = (moments: readonly number[]) => moments.map((at) => new Date(at).toISOString());

  it("goes by hours through a young world, and by days through an older one", () => {
    expect(isoOf(momentsBetween(Date.parse("2026-11-22T08:10:00Z"), NOW))).toEqual(["2026-11-22T09:00:00.000Z", "2026-11-22T10:00:00.000Z", "2026-11-22T10:30:00.000Z"]);
    const days = momentsBetween(Date.parse("2026-11-01T08:10:00Z"), NOW);
    expect(days).toHaveLength(22);
    expect(isoOf(days)[0]).toBe("2026-11-02T00:00:00.000Z");
    expect(momentsBetween(NOW, NOW)).toEqual([NOW]);
  });

  it("shows what was seen by a moment, or in the range that ends with it", () => {
    const at = "2026-11-10T00:00:00.000Z";
    expect(spanAt(undefined, null)).toBeNull();
    expect(spanAt(at, null)).toEqual({ from: "1970-01-01T00:00:00.000Z", to: at });
    expect(spanAt(at, { from: "2026-11-21T00:00:00Z", to: "2026-11-22T00:00:00Z" })).toEqual({ from: "2026-11-09T00:00:00.000Z", to: at });
  });

  it("is read from the address, and nothing that is no moment", () => {
    expect(parseWorldSearch({ at: "2026-11-10T00:00:00Z" }).at).toBe("2026-11-10T00:00:00.000Z");
    expect(parseWorldSearch({ at: "soon" }).at).toBeUndefined();
    expect(parseWorldSearch({ at: "9999-01-01" }).at).toBeUndefined();
  });
});

describe("the page of its own", () => {
  const id = "018f6f0e-6b5c-7a41-9c41-0b1d2ee35706";
  it.each([
    ["deployment", id, id],
    ["flow", id, id],
    ["deployment", "load-orders", null],
    ["table", id, null],
  ])("of a %s called %s is %s", (kind, name, own) => {
    expect(ownId({ kind, name })).toBe(own);
  });
});
