import { describe, expect, it } from "vitest";

import { hasTerm, offersFor, splitTerms, termOf, withTerm, withoutTerm } from "./query-terms";

it.each([
  ["name", "table.updated", "name:table.updated"],
  ["resource", "my orders", 'resource:"my orders"'],
  ["resource", 'say "x" \\', String.raw`resource:"say \"x\" \\"`],
  ["resource", "a,b", 'resource:"a,b"'],
  ["resource", "all*", 'resource:"all*"'],
])("writes %s of %s so that it is read back", (key, value, term) => {
  expect(termOf(key, value)).toBe(term);
});

it("keeps a star where a beginning is meant", () => {
  expect(termOf("name", "table.*", { prefix: true })).toBe("name:table.*");
});

it("parts a query into its terms", () => {
  expect(splitTerms('name:a  -kind:"my table" payload."a b".c:>3 "two words"')).toEqual([
    "name:a",
    '-kind:"my table"',
    'payload."a b".c:>3',
    '"two words"',
  ]);
});

it("adds a term once and takes it out again", () => {
  const query = withTerm("late name:a", "kind:table");

  expect(query).toBe("late name:a kind:table");
  expect(withTerm(query, "name:a")).toBe(query);
  expect(withoutTerm(query, "name:a")).toBe("late kind:table");
  expect(hasTerm(query, "name:ab")).toBe(false);
});

describe("completion", () => {
  const vocabulary = {
    keys: ["name", "namespace", "payload.rows"],
    values: { name: ["table.updated", "query.finished"], kind: ["table", "my kind"], "payload.rows": [] },
  };
  const texts = (text: string) => offersFor(text, vocabulary).map((each) => each.text);

  it.each([
    ["", ["name:", "namespace:", "payload.rows:"]],
    ["nam", ["name:", "namespace:"]],
    ["-nam", ["-name:", "-namespace:"]],
    ["late pay", ["late payload.rows:"]],
    ["name:", ["name:table.updated", "name:query.finished"]],
    ["name:query.finished,t", ["name:query.finished,table.updated"]],
    ["a kind:my", ['a kind:"my kind"']],
    ["finished", ["name:query.finished"]],
    ["name:table.updated", []],
    ["name:x ", ["name:x name:", "name:x namespace:", "name:x payload.rows:"]],
  ])("after “%s”", (text, expected) => {
    expect(texts(text)).toEqual(expected);
  });
});
