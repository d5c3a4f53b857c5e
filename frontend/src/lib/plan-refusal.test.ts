import { expect, it } from "vitest";

import { ApiError } from "./errors";
import { meterAmount, meterName, meterText } from "./meters";
import { planRefusal } from "./plan-refusal";
import { addMonths, formatDate, formatMonth, monthOf } from "./time";

const refused = (details: Record<string, unknown>, status = 402) => new ApiError(status, "x", "No more.", {}, null, false, details);

it.each([
  [
    { meter: "task_runs", used: 20_004, limit: 20_000, resets_at: "2026-12-01T00:00:00Z" },
    { used: "The plan’s task runs of this month are used up: 20,004 of 20,000.", resets: "Until 1 December nothing new starts; what runs goes on." },
  ],
  [{ meter: "managed_seconds", used: 30_030, limit: 30_000 }, { used: "The plan’s managed minutes of this month are used up: 501 of 500.", resets: null }],
  [{ what: "workspaces", used: 1, limit: 1 }, { used: "The plan’s workspaces are used up: 1 of 1.", resets: null }],
  [{}, { used: "No more.", resets: null }],
])("says what of the plan is used up: %j", (details, words) => {
  expect(planRefusal(refused(details))).toEqual(words);
});

it("says nothing of plans about other errors", () => {
  expect(planRefusal(refused({}, 409))).toBeNull();
  expect(planRefusal(new Error("x"))).toBeNull();
});

it.each([
  ["task_runs", 12_480, "12,480 task runs"],
  ["task_runs", 1, "1 task run"],
  ["managed_seconds", 90, "1.5 managed minutes"],
  ["managed_seconds", 60, "1 managed minute"],
  ["vcpu_seconds", 36_000, "10 vCPU hours"],
  ["gb_seconds", 900, "0.3 GB hours"],
  ["gb_seconds", 5, "<0.1 GB hours"],
  ["gb_seconds", 0, "0 GB hours"],
])("counts %s in units of people", (meter, quantity, text) => {
  expect(meterText(meter, quantity)).toBe(text);
});

it("gets along with a meter it does not know", () => {
  expect([meterName("new_things"), meterAmount("new_things", 1_234)]).toEqual(["new things", "1,234"]);
});

it("counts months as UTC does", () => {
  expect(addMonths("2026-01", -1)).toBe("2025-12");
  expect(addMonths("2026-12", 1)).toBe("2027-01");
  expect(monthOf(Date.parse("2026-11-30T23:59:59Z"))).toBe("2026-11");
  expect(formatMonth("2026-11")).toBe("November 2026");
  expect(formatDate("2026-12-01T00:00:00Z")).toBe("1 December");
});
