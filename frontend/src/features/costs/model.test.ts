import { describe, expect, it } from "vitest";

import type { CostGroup, Costs } from "@/schema/wire/costs";

import { amountGap, costsSentence, currencyGap, daysOfMonth, formatMoney, momentsOf, parseCostsSearch, quantityText, shareOf, spanOf, unpricedText } from "./model";

const NOW = Date.parse("2026-11-22T10:00:00Z");

function money(amount: string, currency = "USD") {
  return { currency, amount, by_example: "0" };
}

function group(label: string, amount: string): CostGroup {
  return { key: label, label, id: null, flow_id: null, money: [money(amount)], quantities: [], unpriced: [] };
}

function costs(groups: CostGroup[], total: Partial<Costs["total"]> = {}, by: Costs["by"] = "deployment"): Costs {
  return { by, since: "2026-11-01", until: "2026-11-22", truncated: false, groups, total: { money: [], quantities: [], unpriced: [], ...total } };
}

describe("the days that are meant", () => {
  it.each([
    [{}, "2026-11-01", "2026-11-22"],
    [{ range: "last" }, "2026-10-01", "2026-10-31"],
    [{ range: "90d" }, "2026-08-25", "2026-11-22"],
    [{ range: "year" }, "2025-12-01", "2026-11-22"],
    [{ range: "last", from: "2026-02-01", to: "2026-02-03" }, "2026-02-01", "2026-02-03"],
  ] as const)("of %j", (search, from, to) => {
    expect(spanOf(search, NOW)).toEqual({ from, to });
  });

  it("reads an address, and nothing that is no day", () => {
    expect(parseCostsSearch({ by: "model", from: "2026-02-01", to: "2026-02-28" })).toEqual({ by: "model", range: undefined, from: "2026-02-01", to: "2026-02-28" });
    expect(parseCostsSearch({ by: "x", from: "2026-13-01", to: "2026-02-28", range: "7d" })).toEqual({ by: undefined, range: undefined, from: undefined, to: undefined });
    expect(parseCostsSearch({ from: "2026-03-01", to: "2026-02-28" }).from).toBeUndefined();
  });

  it("gives months whole, and moments that end after the last day", () => {
    expect(daysOfMonth("2026-02")).toEqual({ from: "2026-02-01", to: "2026-02-28" });
    expect(momentsOf({ from: "2026-12-31", to: "2026-12-31" })).toEqual({ from: "2026-12-31T00:00:00.000Z", to: "2027-01-01T00:00:00.000Z" });
  });
});

describe("words", () => {
  it.each([
    ["12.4", "USD", "$12.40"],
    ["0.003125", "EUR", "€0.0031"],
    ["0.00000001", "USD", "<$0.0001"],
    ["0", "USD", "$0.00"],
    ["1204.5", "XXQ", "XXQ 1,204.50"],
  ])("for %s %s", (amount, currency, text) => {
    expect(formatMoney(amount, currency).replace(/\s/g, " ")).toBe(text);
  });

  it.each([
    ["1500", "input_tokens", "1,500 input tokens"],
    ["1099511627776", "bytes", "1.0 TiB read"],
    ["192", "vcpu_seconds", "3m 12s of a vCPU"],
    ["0.25", "credits", "0.25 credits"],
  ] as const)("for %s %s", (quantity, unit, text) => {
    expect(quantityText(quantity, unit)).toBe(text);
  });

  it("names what has no price, three at most", () => {
    const of = (subject: string) => ({ subject, unit: "credits" as const, quantity: "1" });
    expect(unpricedText([of("a"), of("a"), of("b")])).toBe("a, b");
    expect(unpricedText(["a", "b", "c", "d", "e"].map(of))).toBe("a, b, c and 2 others");
  });
});

describe("the sentence", () => {
  it("says what was spent, and by whom the most", () => {
    expect(costsSentence(costs([group("load/main", "7.5"), group("b", "2.5")], { money: [money("10")] }))).toBe("$10.00 spent, 75 % of it by load/main.");
    expect(costsSentence(costs([group("load/main", "9.97"), group("b", "0.03")], { money: [money("10")] }))).toBe("$10.00 spent, over 99 % of it by load/main.");
    expect(costsSentence(costs([group("load/main", "10"), group("b", "0")], { money: [money("10")] }))).toBe("$10.00 spent, 100 % of it by load/main.");
    expect(costsSentence(costs([group("2026-11", "7.5"), group("2026-12", "2.5")], { money: [money("10")] }, "month"))).toBe("$10.00 spent.");
    expect(costsSentence(costs([], { money: [money("10"), money("3", "EUR")] }))).toBe("$10.00 + €3.00 spent.");
  });

  it("says when nothing was, or nobody knows", () => {
    expect(costsSentence(costs([]))).toBe("Nothing was spent.");
    expect(costsSentence(costs([], { unpriced: [{ subject: "m", unit: "input_tokens", quantity: "1" }] }))).toBe("What was used has no price yet.");
  });
});

it("compares groups with the dearest", () => {
  const groups = [group("a", "8"), group("b", "2")];
  expect(groups.map((each) => shareOf(each, groups))).toEqual([1, 0.25]);
  expect(shareOf(group("c", "0"), [group("c", "0")])).toBe(0);
});

it.each([
  ["2.50", null],
  ["0", null],
  ["-1", "An amount, as 2.50."],
  ["1e9", "An amount, as 2.50."],
  ["", "An amount, as 2.50."],
])("an amount of %s", (text, gap) => {
  expect(amountGap(text)).toBe(gap);
});

it("wants budgets above nothing, and currencies by their code", () => {
  expect(amountGap("0", false)).toBe("More than nothing.");
  expect(currencyGap("usd")).not.toBeNull();
  expect(currencyGap("EUR")).toBeNull();
});
