import { expect, it } from "vitest";

import { passwordProblem, safeNext } from "./model";

it.each([
  ["/w/acme/runs?state=failed", "/w/acme/runs?state=failed"],
  ["https://evil.example", "/"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["/\t/evil.example", "/"],
  [undefined, "/"],
])("goes on to %s as %s", (next, where) => {
  expect(safeNext(next)).toBe(where);
});

it("says what is weak about a password", () => {
  expect(passwordProblem("short")).toBe("Use at least 10 characters.");
  expect(passwordProblem("1234567890")).toBe("Use more than digits.");
  expect(passwordProblem("correct horse")).toBeNull();
});
