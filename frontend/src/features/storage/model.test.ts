import { describe, expect, it } from "vitest";

import type { StoredKind } from "@/schema/wire/storage";

import { compressionText, droppedText, everyDay, keptRange, rowsText, storageSentence } from "./model";

function kind(facts: Partial<StoredKind>): StoredKind {
  return { kind: "events", rows: 0, bytes: 0, compression: null, plan_days: 30, own_days: null, kept_days: 30, is_estimate: false, days: [], ...facts };
}

const KIB = 1024;

describe("the sentence", () => {
  it("says how much is kept, and what the most of it is", () => {
    const kinds = [kind({ rows: 10, bytes: 3 * KIB }), kind({ kind: "logs", rows: 5, bytes: KIB })];
    expect(storageSentence({ compresses: true, kinds })).toBe("15 rows kept, about 4.0 KiB; 75 % of it events.");
  });

  it("says what is not known, and when there is nothing", () => {
    expect(storageSentence({ compresses: true, kinds: [kind({ rows: 1, bytes: null })] })).toBe("1 row kept.");
    expect(storageSentence({ compresses: true, kinds: [kind({})] })).toBe("Nothing is kept yet.");
  });
});

it("says how well it is compressed, or why not", () => {
  expect(compressionText(kind({ compression: 8.73 }), true)).toBe("8.7 to 1");
  expect(compressionText(kind({}), true)).toBe("nothing compressed yet");
  expect(compressionText(kind({}), false)).toBe("not compressed by this server");
});

it("says which rows are reckoned", () => {
  expect(rowsText(kind({ rows: 1204 }))).toBe("1,204");
  expect(rowsText(kind({ rows: 1204, is_estimate: true }))).toBe("about 1,204");
});

it("says what is dropped before it is", () => {
  const found = { kind: "logs", own_days: 7, kept_days: 7, dropped_days: 1, dropped_rows: 1200, dropped_bytes: 2 * KIB } as const;
  expect(droppedText(found)).toBe("Drops 1 day: 1,200 rows, about 2.0 KiB. That cannot be undone.");
  expect(droppedText({ ...found, dropped_rows: 0 })).toBe("Nothing is dropped by it now.");
});

describe("days", () => {
  const stored = (day: string) => ({ day, rows: 7, bytes: null });

  it("shows two weeks where one day is kept", () => {
    const days = everyDay([stored("2026-11-22")], "2026-11-22");
    expect(days).toHaveLength(14);
    expect(days.at(0)).toEqual({ day: "2026-11-09", quantity: 0 });
    expect(days.at(-1)).toEqual({ day: "2026-11-22", quantity: 7 });
  });

  it("shows days without any as nothing, from the first that is kept", () => {
    const days = everyDay([stored("2026-10-31"), stored("2026-11-02")], "2026-11-22");
    expect(days.slice(0, 3)).toEqual([
      { day: "2026-10-31", quantity: 7 },
      { day: "2026-11-01", quantity: 0 },
      { day: "2026-11-02", quantity: 7 },
    ]);
    expect(days).toHaveLength(23);
  });
});

it.each([
  [7, [], { range: "7d" }],
  [30, [], { range: "30d" }],
  [90, [{ day: "2026-09-01", rows: 1, bytes: 1 }], { from: "2026-09-01T00:00:00.000Z", to: "2026-11-20T12:00:00.000Z" }],
  [90, [], {}],
])("leads to all of what %i days keep", (kept_days, days, range) => {
  expect(keptRange(kind({ kept_days, days }), Date.parse("2026-11-20T12:00:00Z"))).toEqual(range);
});
