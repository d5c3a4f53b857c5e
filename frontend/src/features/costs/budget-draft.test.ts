import { describe, expect, it } from "vitest";

import { budgetGap, budgetOfText, budgetPreviewText, emptyBudget, wireBudget, type BudgetDraft } from "@/features/costs/budget-draft";

const WHOLE: BudgetDraft = { ...emptyBudget(), name: "all", amount: "5" };

describe("a budget that is typed", () => {
  it.each<[string, Partial<BudgetDraft>, string | null]>([
    ["whole", {}, null],
    ["no name", { name: " " }, "Give it a name."],
    ["no team", { of: "team" }, "Say of which team."],
    ["a team", { of: "team", value: "t" }, null],
    ["nothing", { amount: "0" }, "More than nothing."],
    ["no currency", { currency: "US" }, "Three capital letters, as USD."],
  ])("says what it lacks: %s", (_, part, gap) => {
    expect(budgetGap({ ...WHOLE, ...part })).toBe(gap);
  });

  it("is of one thing", () => {
    expect(wireBudget({ ...WHOLE, of: "model", value: " gpt-4o " })).toEqual({ name: "all", amount: "5", currency: "USD", deployment_id: null, team_id: null, model: "gpt-4o", channel_id: null });
  });
});

describe("what a budget would have meant", () => {
  const month = (day: string, spent: string, reached: string | null = null) => ({ month: day, spent, reached_on: reached });

  it("names the days on which it was reached", () => {
    const months = [month("2026-08-01", "4"), month("2026-09-01", "6", "2026-09-19"), month("2026-10-01", "7", "2026-10-03"), month("2026-11-01", "8", "2026-11-02")];
    expect(budgetPreviewText(months, "USD")).toBe("In the last 3 months it would have been reached on 19 September and on 3 October. This month so far: $8.00, so it would fire at once.");
  });

  it("says how near the dearest came", () => {
    const months = [month("2026-08-01", "4"), month("2026-09-01", "3.5"), month("2026-10-01", "1"), month("2026-11-01", "0.5")];
    expect(budgetPreviewText(months, "USD")).toBe("In the last 3 months it would not have been reached; the dearest cost $4.00. This month so far: $0.50.");
  });
});

describe("of what a budget is", () => {
  it.each([
    [{ kind: "workspace", id: null, name: null }, "the whole workspace"],
    [{ kind: "deployment", id: "d", name: "load/main" }, "load/main"],
    [{ kind: "team", id: "t", name: null }, "a team that is gone"],
    [{ kind: "model", id: null, name: "gpt-4o" }, "model gpt-4o"],
    [{ kind: "other", id: null, name: null }, "A sentence."],
  ] as const)("says %j", (of, text) => {
    expect(budgetOfText({ of, sentence: "A sentence." })).toBe(text);
  });
});
