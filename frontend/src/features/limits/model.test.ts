import { expect, it } from "vitest";

import { fullness, gapOf, usageText, waitingText } from "@/features/limits/model";

it("says how much of a limit is taken", () => {
  expect(usageText({ slots: 3, per_minute: null, used: 2 })).toBe("2 of 3 in use");
  expect(usageText({ slots: 0, per_minute: null, used: 0 })).toBe("Closed");
  expect(usageText({ slots: 0, per_minute: null, used: 1 })).toBe("Closed, 1 still going on");
  expect(usageText({ slots: null, per_minute: 60, used: 0 })).toBe("60 a minute");
});

it("draws what is over a lowered limit as full, and a rate not at all", () => {
  expect(fullness({ slots: 4, used: 1 })).toBe(0.25);
  expect(fullness({ slots: 1, used: 3 })).toBe(1);
  expect(fullness({ slots: 0, used: 0 })).toBe(1);
  expect(fullness({ slots: null, used: 0 })).toBeNull();
});

it("names who waits", () => {
  expect(waitingText({ waiting: 0, kind: "TAG" })).toBeNull();
  expect(waitingText({ waiting: 1, kind: "TAG" })).toBe("1 run");
  expect(waitingText({ waiting: 2, kind: "NAMED" })).toBe("2 blocks");
  expect(waitingText({ waiting: 10_000, kind: "FLOW" })).toBe("over 10,000 runs");
});

it("asks for what is missing", () => {
  expect(gapOf(" ", 1)).toBe("Say what the limit is of.");
  expect(gapOf("warehouse", "")).toBe("Say how much it is.");
  expect(gapOf("warehouse", 0)).toBeNull();
});
