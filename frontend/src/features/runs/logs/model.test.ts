import { expect, it } from "vitest";

import type { LogLine } from "@/schema/wire/runs";

import { asText, gapBefore, jsonOf, matchesFilter, mergeLines } from "./model";

function line(id: string, second: number, rest: Partial<LogLine> = {}): LogLine {
  return { id, occurred_at: new Date(second * 1000).toISOString(), run_id: "r", task_run_id: null, level: "INFO", logger: null, message: `line ${id}`, ...rest };
}

it("takes a level as the least one", () => {
  expect(matchesFilter(line("a", 1, { level: "ERROR" }), { level: "WARNING" })).toBe(true);
  expect(matchesFilter(line("a", 1), { level: "WARNING" })).toBe(false);
});

it("filters by text and task run", () => {
  expect(matchesFilter(line("a", 1, { message: "Rows loaded" }), { q: "rows" })).toBe(true);
  expect(matchesFilter(line("a", 1, { task_run_id: "t1" }), { task: "t2" })).toBe(false);
});

it("puts live lines behind stored ones, each once, in order", () => {
  const merged = mergeLines([line("a", 1), line("b", 3)], [line("b", 3), line("c", 2)]);

  expect(merged.map((each) => each.id)).toEqual(["a", "c", "b"]);
});

it("shows a silence of a minute", () => {
  expect(gapBefore(line("a", 0), line("b", 60))).toBe(60_000);
  expect(gapBefore(line("a", 0), line("b", 59))).toBeNull();
  expect(gapBefore(undefined, line("b", 59))).toBeNull();
});

it("writes a file without colours", () => {
  expect(asText([line("a", 0, { message: "\u001b[31mno\u001b[0m" })])).toBe("1970-01-01T00:00:00.000Z INFO     no\n");
});

it.each([
  ['{"rows": 3}', { rows: 3 }],
  ["[1, 2]", [1, 2]],
  ["{rows: 3}", null],
  ["3", null],
  ["[WARN] low disk", null],
])("reads %j as %j", (message, value) => {
  expect(jsonOf(message)).toEqual(value);
});
