import { expect, it } from "vitest";

import { asksTheSame, viewQuery } from "@/features/saved-views/model";

it("keeps what a page asks and leaves out what was opened", () => {
  const search = { range: "7d", q: 'name:orders.* "a b"&c', event: "x", from: undefined, state: ["FAILED", "CRASHED"] };

  expect(viewQuery(search, ["event"])).toBe("q=name%3Aorders.*+%22a+b%22%26c&range=7d&state=FAILED&state=CRASHED");
  expect(viewQuery({}, [])).toBe("");
});

it("is ASCII without spaces, whatever was asked, as the server wants it", () => {
  expect(viewQuery({ q: "ä 😀\n\t\u0000" }, [])).toMatch(/^[!-~]*$/);
});

it.each([
  ["q=a&range=7d", "range=7d&q=a", true],
  ["q=a%20b", "q=a+b", true],
  ["q=a", "q=b", false],
  ["", "q=a", false],
])("compares %s with %s", (one, other, same) => {
  expect(asksTheSame(one, other)).toBe(same);
});
