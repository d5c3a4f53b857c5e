import { expect, it } from "vitest";

import { parseAnsi, stripAnsi } from "./ansi";

it("splits a message at its colours", () => {
  expect(parseAnsi("a \u001b[1;31mred\u001b[0m b")).toEqual([
    { text: "a ", color: null, bold: false },
    { text: "red", color: "red", bold: true },
    { text: " b", color: null, bold: false },
  ]);
});

it("drops what moves a cursor", () => {
  expect(parseAnsi("50%\u001b[2K100%").map((segment) => segment.text)).toEqual(["50%", "100%"]);
  expect(stripAnsi("\u001b[32mok\u001b[39m")).toBe("ok");
});
