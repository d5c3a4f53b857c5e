import { describe, expect, it } from "vitest";

import { formatQuery, matchesName, parseQuery, payloadGlimpse, resourceLabel } from "./model";

describe("the query bar", () => {
  it.each([
    ["name:table.*", { name: "table.*" }],
    ['kind:table resource:"my orders" late', { resource_kind: "table", resource_name: "my orders", q: "late" }],
    ["run:018f two words", { run_id: "018f", q: "two words" }],
    ["https://x.y", { q: "https://x.y" }],
    ["", {}],
  ])("reads %s", (text, filters) => {
    expect(parseQuery(text)).toEqual(filters);
  });

  it("writes what it reads", () => {
    const filters = { name: "table.*", resource_name: "my orders", q: "late" };

    expect(parseQuery(formatQuery(filters))).toEqual(filters);
  });
});

it.each([
  ["table.updated", "table.*", true],
  ["table.updated", "table.updated", true],
  ["table.updated", "table", false],
])("matches %s against %s: %s", (name, wanted, expected) => {
  expect(matchesName(name, wanted)).toBe(expected);
});

it("shows the first simple values of a payload on one line", () => {
  expect(payloadGlimpse({ rows: 3, nested: { a: 1 }, sql: "SELECT\n  1" })).toBe("rows=3  sql=SELECT 1");
});

it("calls a run by its name and a table by its own", () => {
  const resource = (kind: string, name: string) => ({ kind, name, namespace: "" });

  expect(resourceLabel({ resource: resource("run", "018f"), payload: { name: "calm-fox" } })).toBe("calm-fox");
  expect(resourceLabel({ resource: resource("run", "018f"), payload: {} })).toBe("018f");
  expect(resourceLabel({ resource: resource("table", "orders"), payload: { name: "x" } })).toBe("orders");
});
