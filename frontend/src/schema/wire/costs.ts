import type { Schema } from "./schema";

export type Costs = Schema<"CostsOutput">;
export type CostGroup = Schema<"CostGroupOutput">;
export type CostsBy = Costs["by"];
export type Money = Schema<"MoneyOutput">;
export type Unpriced = Schema<"UnpricedOutput">;
export type Quantity = Schema<"QuantityOutput">;
export type RunCost = Schema<"RunCostOutput">;
export type CostLine = Schema<"CostLineOutput">;
export type Prices = Schema<"PricesOutput">;
export type Price = Schema<"PriceOutput">;
export type Rate = Schema<"RateOutput">;
export type PriceInput = Schema<"PriceInputRequest">;
export type PriceChange = Schema<"PatchedPriceChangeRequest">;
export type Budget = Schema<"BudgetOutput">;
export type Budgets = Schema<"BudgetsOutput">;
export type BudgetInput = Schema<"BudgetInputRequest">;
