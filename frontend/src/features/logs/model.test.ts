import { describe, expect, it } from "vitest";

import { isNarrowed, levelBuckets, logVocabulary, markedWords, parseLogsSearch } from "./model";

describe("the address", () => {
  it("drops what the server would refuse", () => {
    expect(parseLogsSearch({ level: "LOUD", run_id: "r", deployment_id: "d", q: "x" })).toMatchObject({ level: undefined, run_id: "r", deployment_id: undefined, q: "x" });
  });

  it("says whether anything is asked", () => {
    expect(isNarrowed(parseLogsSearch({ range: "1h", line: "x" }))).toBe(false);
    expect(isNarrowed(parseLogsSearch({ level: "ERROR" }))).toBe(true);
  });
});

it.each([
  ["late", ["late"]],
  ['logger:a -late "Two Words"', ["Two Words"]],
  ["did not fly", ["did", "not", "fly"]],
  ['late,"far too late" retr*', ["late", "far too late", "retr"]],
  ['"say \\"no\\""', ['say "no"']],
  ["logger:a", []],
  [undefined, []],
])("marks of %s: %s", (q, words) => {
  expect(markedWords(q)).toEqual(words);
});

it("offers the loggers that were seen", () => {
  const line = { id: "1", level: "INFO", logger: "etl.load", message: "x", occurred_at: "", run_id: null, task_run_id: null } as const;

  expect(logVocabulary([line, { ...line, logger: "" }, line]).values["logger"]).toEqual(["etl.load"]);
});

it("puts the levels of a step together", () => {
  const volume = {
    from: "2026-01-01T00:00:00Z",
    step_seconds: 60,
    levels: [
      { level: "INFO", buckets: [[1, 10], [0, 0]] },
      { level: "ERROR", buckets: [[0, 0], [2, 7]] },
    ],
    deployments: [],
    counted_from: null,
  } as const;

  expect(levelBuckets(volume)).toEqual([
    { at: Date.parse("2026-01-01T00:00:00Z"), bytes: { INFO: 10, ERROR: 0 } },
    { at: Date.parse("2026-01-01T00:01:00Z"), bytes: { INFO: 0, ERROR: 7 } },
  ]);
});
