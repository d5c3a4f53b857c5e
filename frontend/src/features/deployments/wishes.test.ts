import { expect, it } from "vitest";

import { readWishes, type Wishes } from "./wishes";

const NOW = Date.parse("2026-11-21T12:00:30Z");
const NONE: Wishes = { name: " ", tags: [], startAt: "", priority: 0, queue: "" };

it("sends nothing that was left empty", () => {
  expect(readWishes(NONE, NOW)).toEqual({ ok: true, body: {} });
});

it("takes the time by the person's own clock", () => {
  expect(readWishes({ ...NONE, name: " again ", startAt: "2026-11-22T09:30", priority: 5, queue: "nightly" }, NOW)).toEqual({
    ok: true,
    body: { name: "again", scheduled_for: new Date("2026-11-22T09:30").toISOString(), priority: 5, queue: "nightly" },
  });
});

it.each([
  ["2020-01-01T00:00", "That is over. Left empty, it starts at once."],
  ["soon", "Enter a date and a time."],
])("refuses to start at %s", (startAt, problem) => {
  expect(readWishes({ ...NONE, startAt }, NOW)).toEqual({ ok: false, problems: { scheduled_for: problem } });
});
