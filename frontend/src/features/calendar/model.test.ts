import { describe, expect, it } from "vitest";

import type { CalendarItem } from "@/schema/wire/deployments";

import { addDays, cellsOf, hourText, parseCalendarSearch, rowsOf, timesText, weekFrom } from "./model";

const item = (due_at: string, schedule_id = "s1"): CalendarItem => ({ due_at, schedule_id, schedule_name: "", timezone: "UTC", deployment: { id: "d", name: "nightly", flow: { id: "f", name: "load" } } });

describe("a week of the calendar", () => {
  it("lies between the midnights of its zone, over a change of the clocks too", () => {
    expect(weekFrom("2026-03-26", "Europe/Berlin")).toMatchObject({ since: "2026-03-25T23:00:00.000Z", until: "2026-04-01T22:00:00.000Z" });
    expect(weekFrom("2026-12-29", "UTC").days.at(-1)).toBe("2027-01-04");
    expect(addDays("2028-03-01", -1)).toBe("2028-02-29");
  });

  it("gathers one schedule's times of an hour, by what the wall shows", () => {
    const cells = cellsOf([item("2026-10-25T00:30:00Z"), item("2026-10-25T01:30:00Z"), item("2026-10-25T01:30:00Z", "s2"), item("2026-10-25T23:15:00Z")], "Europe/Berlin");

    // Half past two is shown twice that night.
    expect(cells.get("2026-10-25")?.get(2)?.map((group) => group.times)).toEqual([["02:30", "02:30"], ["02:30"]]);
    expect(cells.get("2026-10-26")?.get(0)?.map((group) => group.times)).toEqual([["00:15"]]);
  });

  it("draws hours in which something starts, and folds those in which nothing does", () => {
    const rows = rowsOf(cellsOf([item("2026-06-01T06:00:00Z"), item("2026-06-02T07:00:00Z")], "UTC"));

    expect(rows.map(hourText)).toEqual(["00–06", "06:00", "07:00", "08–24"]);
    expect(rows.map((row) => row.quiet)).toEqual([true, false, false, true]);
    expect([timesText(["06:00"]), timesText(["06:00", "06:30", "06:45"])]).toEqual(["06:00", "06:00 +2"]);
  });

  it("takes only days and zones from the address", () => {
    expect(parseCalendarSearch({ from: "2026-02-28", zone: "Asia/Tokyo", deployment: "d" })).toEqual({ from: "2026-02-28", zone: "Asia/Tokyo", deployment: "d" });
    expect(parseCalendarSearch({ from: "2026-02-30", zone: "Mars" })).toEqual({});
  });
});
