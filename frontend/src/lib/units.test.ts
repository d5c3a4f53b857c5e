import { describe, expect, it } from "vitest";

import { formatBytes, formatCompact, formatDuration, formatRatio, formatRough, formatValue, madeAt, shortenId } from "./units";

describe("formatDuration", () => {
  it.each([
    [null, "–"],
    [NaN, "–"],
    [0, "0 ms"],
    [0.4, "<1 ms"],
    [840, "840 ms"],
    [1_000, "1.0 s"],
    [59_940, "59.9 s"],
    [59_990, "1m 00s"],
    [192_000, "3m 12s"],
    [7_500_000, "2h 05m"],
    [356_400_000, "4d 03h"],
    [-1_500, "−1.5 s"],
  ])("shows %s ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("formatRatio", () => {
  it.each([
    [1, "100 %"],
    [0, "0 %"],
    [0.9876, "98.8 %"],
    [0.99999, "99.9 %"],
    [null, "–"],
  ])("shows %s as %s, never rounding a miss up to all", (ratio, text) => {
    expect(formatRatio(ratio)).toBe(text);
  });
});

describe("formatValue", () => {
  it.each([
    [1, "runs", "1 run"],
    [0, "runs", "0 runs"],
    [1, "celsius", "1 celsius"],
    [1, "class", "1 class"],
    [1, "GBs", "1 GBs"],
  ])("says %s %s as one would", (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });

  it.each([
    [1_500, "ms", "1.5 s"],
    [90, "s", "1m 30s"],
    [2_621_440, "bytes", "2.5 MiB"],
    [9_999, "rows", "9,999 rows"],
    [12_340, "rows", "12.3K rows"],
    [0.12345, null, "0.1235"],
    [undefined, "rows", "–"],
  ])("shows %s %s as %s", (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });
});

it("keeps small byte counts whole", () => {
  expect(formatBytes(512)).toBe("512 B");
  expect(formatBytes(512.339)).toBe("512.3 B");
  expect(formatBytes(-2_621_440)).toBe("−2.5 MiB");
});

it("keeps four digits exact", () => {
  expect(formatCompact(9_999)).toBe("9,999");
});

it("shortens ids in the middle", () => {
  expect(shortenId("018f6f0e-1111-7222-8333-444455559c41")).toBe("018f6f0e…9c41");
});

it("reads off a UUIDv7 when it was made", () => {
  expect(madeAt("018f6f0e-1111-7222-8333-444455559c41")).toBe(0x018f6f0e1111);
  expect(madeAt("018f6f0e-1111-4222-8333-444455559c41")).toBeNull();
  expect(madeAt("acme")).toBeNull();
});

describe("formatRough", () => {
  it.each([
    [0, "0"],
    [7, "7"],
    [99, "99"],
    [104, "100"],
    [1_234, "1,200"],
    [997, "1,000"],
    [1_567_890, "1,600,000"],
  ])("keeps two digits of %i", (count, text) => {
    expect(formatRough(count)).toBe(text);
  });
});
