import { describe, expect, it } from "vitest";

import type { MemberGrant } from "@/schema/wire/account";

import { changesOf, contains, grantsByWorkspace, losses, parseAddresses, scopeDiff, seatsSentence, valueText } from "./model";

describe("addresses out of what was pasted", () => {
  it.each<[string, string[], string[]]>([
    ["ada@example.com", ["ada@example.com"], []],
    ["ada@example.com, jonas@example.com;mira@example.com\nliv@example.com", ["ada@example.com", "jonas@example.com", "mira@example.com", "liv@example.com"], []],
    ["ada@example.com jonas@example.com", ["ada@example.com", "jonas@example.com"], []],
    ["Ada Brandt <ada@example.com>, ADA@example.com", ["ada@example.com"], []],
    ["ada@example, jonas", [], ["ada@example", "jonas"]],
    [" \n,; ", [], []],
  ])("%j", (text, good, bad) => {
    expect(parseAddresses(text)).toEqual({ good, bad });
  });
});

describe("whether an address lies in a network", () => {
  it.each<[string, string, boolean | null]>([
    ["203.0.113.0/24", "203.0.113.7", true],
    ["203.0.113.0/24", "203.0.114.7", false],
    ["203.0.113.7", "203.0.113.7", true],
    ["0.0.0.0/0", "203.0.113.7", true],
    ["203.0.113.128/25", "203.0.113.127", false],
    ["2001:db8::/32", "2001:db8:17::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["::1", "0:0:0:0:0:0:0:1", true],
    ["2001:db8::/32", "203.0.113.7", false],
    ["203.0.113.0/33", "203.0.113.7", null],
    ["203.0.113.256", "203.0.113.7", null],
    ["203.0.113.0/", "203.0.113.7", null],
    ["office", "203.0.113.7", null],
    ["1::2::3", "203.0.113.7", null],
  ])("%s has %s: %s", (cidr, address, inside) => {
    expect(contains(cidr, address)).toBe(inside);
  });
});

describe("what changed", () => {
  it("names the values that differ by their paths", () => {
    expect(changesOf({ role: "VIEWER", rule: { a: 1, b: [1] }, kept: true }, { role: "OWNER", rule: { a: 1, b: [1, 2], c: null }, kept: true })).toEqual([
      { path: "role", before: "VIEWER", after: "OWNER" },
      { path: "rule.b", before: [1], after: [1, 2] },
      { path: "rule.c", before: undefined, after: null },
    ]);
  });

  it.each<[unknown, unknown, string[]]>([
    [null, { name: "pager" }, ["name"]],
    [{ name: "pager" }, null, ["name"]],
    [null, null, []],
    [{ a: 1 }, { a: 1 }, []],
  ])("%j → %j", (before, after, paths) => {
    expect(changesOf(before as never, after as never).map((change) => change.path)).toEqual(paths);
  });

  it("writes values as people read them", () => {
    expect([undefined, null, "", "x", 3, ["a"]].map(valueText)).toEqual(["nothing", "none", "empty", "x", "3", '["a"]']);
  });
});

describe("seats", () => {
  it.each<[number, number | null, number, string | null]>([
    [3, null, 5, null],
    [3, 10, 0, "7 seats left of 10."],
    [9, 10, 1, "1 seat left of 10."],
    [9, 10, 2, "The plan has 1 seat left; 2 are asked for."],
    [12, 10, 1, "All 10 seats of the plan are taken."],
  ])("%d of %s with %d asked for", (used, limit, wanted, text) => {
    expect(seatsSentence({ seats: { used, limit } }, wanted)?.text ?? null).toBe(text);
  });
});

it("puts what somebody has of their own before what a team gives", () => {
  const grant = (id: string, via: MemberGrant["via"]): MemberGrant => ({ id, slug: id, name: id, role: "VIEWER", role_name: "Viewer", custom_role_id: null, assignment_id: via === null ? `a-${id}` : null, via });
  const team = { id: "t1", name: "data-eng" };

  expect(grantsByWorkspace([grant("w1", team), grant("w2", null), grant("w1", null)]).map((own) => own.map((each) => [each.id, each.via?.name ?? "own"]))).toEqual([
    [["w1", "own"], ["w1", "data-eng"]],
    [["w2", "own"]],
  ]);
});

it("says what goes with a member", () => {
  const place = { id: "w1" } as MemberGrant;
  expect(losses({ workspaces: [place, place], teams: [{ id: "t1", name: "data-eng" }] }, 1)).toEqual(["their roles in 1 workspace", "their place in 1 team: data-eng", "1 personal key, which stops working at once"]);
  expect(losses({ workspaces: [], teams: [] }, 0)).toEqual([]);
});

it("compares chosen scopes with those of a base", () => {
  expect(scopeDiff(new Set(["a", "c"]), ["a", "b"])).toEqual({ adds: ["c"], lacks: ["b"] });
});
