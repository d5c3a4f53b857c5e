import { describe, expect, it } from "vitest";

import { formatInZone, formatOffset, isZone, momentOf, offsetAt, wallOf, zoneNames } from "./zones";

const at = (text: string) => Date.parse(text);

describe("the clocks of zones", () => {
  it.each([
    ["2026-03-29T00:59:00Z", "Europe/Berlin", 60],
    ["2026-03-29T01:00:00Z", "Europe/Berlin", 120],
    ["2026-10-03T15:30:00Z", "Australia/Lord_Howe", 660],
    ["2026-10-03T15:29:00Z", "Australia/Lord_Howe", 630],
    ["2026-01-01T00:00:00Z", "Asia/Kolkata", 330],
    ["2026-01-01T00:00:00Z", "America/New_York", -300],
  ])("knows how far %s is from UTC in %s", (moment, zone, minutes) => {
    expect(offsetAt(at(moment), zone)).toBe(minutes);
  });

  it.each([
    ["2026-06-01T06:00", "Europe/Berlin", "2026-06-01T04:00:00.000Z"],
    // Shown twice: the first time counts.
    ["2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
    ["2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00.000Z"],
    // Never shown: past the gap.
    ["2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
    ["2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00.000Z"],
    ["2026-06-01T06:00", "UTC", "2026-06-01T06:00:00.000Z"],
  ])("finds when the wall shows %s in %s", (wall, zone, moment) => {
    expect(new Date(momentOf(wall, zone) ?? 0).toISOString()).toBe(moment);
  });

  it("reads back what a moment shows, and refuses what is no time or no zone", () => {
    expect(wallOf(at("2026-03-29T01:00:00Z"), "Europe/Berlin")).toBe("2026-03-29T03:00");
    expect(momentOf("", "UTC")).toBeNull();
    expect(momentOf("2026-06-01T06:00", "Mars/Olympus")).toBeNull();
    expect([isZone("Europe/Berlin"), isZone("UTC"), isZone("Mars/Olympus"), isZone("")]).toEqual([true, true, false, false]);
    expect(zoneNames()[0]).toBe("UTC");
    expect(zoneNames()).toContain("Europe/Berlin");
  });

  it("shows a moment as the wall does, with the year when it is another", () => {
    const now = at("2026-03-01T00:00:00Z");
    expect(formatInZone("2026-03-29T01:00:00Z", "Europe/Berlin", now)).toBe("Sun 29 Mar, 03:00");
    expect(formatInZone("2027-05-01T01:00:00Z", "UTC", now)).toBe("Sat 1 May 2027, 01:00");
    expect([formatOffset(330), formatOffset(-300), formatOffset(0)]).toEqual(["UTC+05:30", "UTC−05:00", "UTC+00:00"]);
  });
});
