import { describe, expect, it } from "vitest";

import type { DashboardPanel } from "@/schema/wire/dashboards";

import { parseDashboardSearch } from "./model";
import { chosenValues, filledDeployment, filledSearch, filledWhere, unknownVariables, withChosen, withRenamed } from "./variables";

const TABLE = { name: "table", kind: "label", metric: "rows", label: "table", default: ["a"] } as const;
const PLACE = { id: "p", x: 0, y: 0, w: 1, h: 1 } as const;
const QUERY = { letter: "A", name: "rows", aggregate: "sum", where: { t: ["$table", "$a"] } } as const;

describe("variables of a dashboard", () => {
  it.each([
    ["what it opens with", [], ["a"]],
    ["what the address says", ["table=b", "table=c", "tables=x"], ["b", "c"]],
    ["everything, on purpose", ["table="], []],
  ])("have %s", (_, pairs, values) => {
    expect(chosenValues([{ ...TABLE, default: [...TABLE.default] }], pairs)).toEqual({ table: values });
  });

  it("go into the address", () => {
    expect(withChosen(["table=a", "db=x"], "table", ["b"])).toEqual(["db=x", "table=b"]);
    expect(withChosen(["table=a"], "table", [])).toEqual(["table="]);
    expect(parseDashboardSearch({ v: ["table=a", "nonsense"], edit: "true", range: "7d" })).toEqual({ range: "7d", v: ["table=a"], edit: true });
  });

  it("stand for the chosen values, and for any value where none is chosen", () => {
    const where = { table: ["$table", "z"], db: ["x"] };

    expect(filledWhere(where, { table: ["a", "b"] })).toEqual({ table: ["a", "b", "z"], db: ["x"] });
    expect(filledWhere(where, { table: [] })).toEqual({ db: ["x"] });
  });

  it.each([
    ["resource:$table", "resource:a,b"],
    ['-resource:x,$table,"y z"', '-resource:x,a,b,"y z"'],
    ["payload.rows:>$one late", "payload.rows:>5 late"],
    ["name:$odd", 'name:"a b*"'],
    ['$one "$table" resource:"$table"', '5 "$table" resource:"$table"'],
    ["resource:$none late $none", "late"],
    ["$table late", "late"],
    ["resource:$none", undefined],
    [undefined, undefined],
  ])("stand in a search for what is chosen: %s", (search, filled) => {
    expect(filledSearch(search, { table: ["a", "b"], one: ["5"], odd: ["a b*"], none: [] })).toBe(filled);
  });

  it("stand for one deployment", () => {
    expect(["$which", "$none", "id", undefined].map((each) => filledDeployment(each, { which: ["x", "y"], none: [] }))).toEqual(["x", undefined, "id", undefined]);
  });

  it.each<[DashboardPanel, Partial<Record<string, unknown>>]>([
    [
      { ...PLACE, kind: "chart", queries: [QUERY, { ...QUERY, letter: "B", where: { t: ["$tables"] } }], events_q: '-resource:$table,"$table" payload.n:>$table $tables', events_deployment: "$table" },
      { queries: [{ where: { t: ["$b", "$a"] } }, { where: { t: ["$tables"] } }], events_q: '-resource:$b,"$table" payload.n:>$b $tables', events_deployment: "$b" },
    ],
    [{ ...PLACE, kind: "number", queries: [QUERY], show: "A" }, { queries: [{ where: { t: ["$b", "$a"] } }] }],
    [{ ...PLACE, kind: "heat_map", name: "ms", where: { t: ["$table"] } }, { where: { t: ["$b"] } }],
    [{ ...PLACE, kind: "runs", view: "list", deployment: "$table" }, { deployment: "$b" }],
    [{ ...PLACE, kind: "logs", q: "$table late" }, { q: "$b late" }],
    [{ ...PLACE, kind: "text", markdown: "$table" }, { markdown: "$table" }],
  ])("go by another name in panels when they get one: $0.kind", (panel, changed) => {
    expect(withRenamed(panel, new Map([["table", "b"]]))).toMatchObject(changed);
    expect(withRenamed(panel, new Map())).toBe(panel);
  });

  it.each<[DashboardPanel, readonly string[]]>([
    [{ ...PLACE, kind: "chart", queries: [QUERY], events_q: "kind:$b -resource:$table $b", events_deployment: "$c" }, ["$a", "$b", "$c"]],
    [{ ...PLACE, kind: "number", queries: [QUERY], show: "A" }, ["$a"]],
    [{ ...PLACE, kind: "heat_map", name: "ms", where: { t: ["$a", "x"] } }, ["$a"]],
    [{ ...PLACE, kind: "runs", view: "list", deployment: "$a" }, ["$a"]],
    [{ ...PLACE, kind: "events", view: "list", q: 'resource:$a,"$b"', deployment: "$table" }, ["$a"]],
    [{ ...PLACE, kind: "logs", q: "$a" }, ["$a"]],
    [{ ...PLACE, kind: "text", markdown: "$a" }, []],
  ])("are missed where a panel names one that is not there: $0.kind", (panel, missed) => {
    expect(unknownVariables(panel, [{ ...TABLE, default: [] }])).toEqual(missed);
  });
});
