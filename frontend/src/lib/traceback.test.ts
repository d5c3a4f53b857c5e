import { describe, expect, it } from "vitest";

import { groupParts, hasTraceback, parseTraceback, splitFileRefs } from "./traceback";

const TEXT = `validation failed
Traceback (most recent call last):
  File "/srv/flows/orders.py", line 40, in sync_orders
    validate(total, broken)
  File "/venv/lib/python3.11/site-packages/headway/_task.py", line 62, in __call__
    return drive(task_run)
           ^^^^^^^^^^^^^^^
  File "/venv/lib/python3.11/site-packages/headway/_engine.py", line 194, in run
    value = call()
  File "/srv/flows/orders.py", line 29, in validate
    raise ValueError("no column") from None
ValueError: no column`;

describe("parseTraceback", () => {
  it("reads frames, their code, and the words around them", () => {
    const parts = parseTraceback(TEXT);

    expect(parts.map((part) => (part.kind === "text" ? part.text : `${part.file}:${part.line} ${part.inside}`))).toEqual([
      "validation failed",
      "/srv/flows/orders.py:40 sync_orders",
      "/venv/lib/python3.11/site-packages/headway/_task.py:62 __call__",
      "/venv/lib/python3.11/site-packages/headway/_engine.py:194 run",
      "/srv/flows/orders.py:29 validate",
      "ValueError: no column",
    ]);
    expect(parts[2]).toMatchObject({ own: false, code: ["return drive(task_run)", "       ^^^^^^^^^^^^^^^"] });
  });

  it("keeps what it does not know", () => {
    expect(parseTraceback("  + Exception Group\n  | oops")).toEqual([{ kind: "text", text: "+ Exception Group\n  | oops" }]);
    expect(hasTraceback("oops")).toBe(false);
  });
});

it("folds neighbouring library frames, never the last one", () => {
  const shape = (text: string) => groupParts(parseTraceback(text)).map((group) => ("frames" in group ? [group.own, group.frames.length] : "text"));

  expect(shape(TEXT)).toEqual(["text", [true, 1], [false, 2], [true, 1], "text"]);
  expect(shape(TEXT.slice(0, TEXT.indexOf('  File "/srv/flows/orders.py", line 29')) + "KeyError: 'x'")).toEqual(["text", [true, 1], [false, 1], [true, 1], "text"]);
});

it.each([
  ["see flows/orders.py:41 for more", ["flows/orders.py:41"]],
  ["/srv/a-b/x_y.sql:7: bad", ["/srv/a-b/x_y.sql:7"]],
  ["at 12:30 on host.internal:8080", []],
])("finds places of files in %j", (text, refs) => {
  expect(splitFileRefs(text).flatMap((part) => (part.isRef ? [part.text] : []))).toEqual(refs);
  expect(splitFileRefs(text).map((part) => part.text).join("")).toBe(text);
});
