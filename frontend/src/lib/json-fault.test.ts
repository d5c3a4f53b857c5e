import { describe, expect, it } from "vitest";

import { findJsonFault } from "./json-fault";

describe("a fault of JSON", () => {
  it.each([
    ['{\n  "type": object\n}', 2, 11, "a value"],
    ['{"a": 1,}', 1, 9, "a name in double quotes"],
    ['{"a" 1}', 1, 6, "a colon"],
    ['{"a": 1 "b": 2}', 1, 9, "a comma or }"],
    ["[1, 2", 1, 6, "a comma or ]"],
    ["[1,]", 1, 4, "a value"],
    ["[1}", 1, 3, "a comma or ]"],
    ["{'a': 1}", 1, 2, "a name in double quotes"],
    ['"open', 1, 1, "a value"],
    ["01", 1, 1, "a value"],
    ["{} {}", 1, 4, "nothing more"],
    ["", 1, 1, "a value"],
  ])("%j is wrong at line %d, column %d: %s", (text, line, column, expected) => {
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(findJsonFault(text)).toEqual({ line, column, expected });
  });

  it.each(['{"a": [1, -2.5e3, true, null, {}], "b": "\\u00e9\\n"}', "[]", ' "x" ', "0", "[".repeat(5_000) + "]".repeat(5_000)])("there is none in %s", (text) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
    expect(findJsonFault(text)).toBeNull();
  });
});
