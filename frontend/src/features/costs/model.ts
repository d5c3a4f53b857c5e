import { oneOf, textOf } from "@/lib/search-params";
import { formatMonth } from "@/lib/time";
import { formatBytes, formatCompact, formatCount, formatDuration, plural } from "@/lib/units";
import type { CostGroup, Costs, CostsBy, Money, PriceInput, Unpriced } from "@/schema/wire/costs";

export const GROUPS = ["deployment", "team", "model", "month", "kind"] as const satisfies readonly CostsBy[];
export const RANGES = ["month", "last", "90d", "year"] as const;
export type CostRange = (typeof RANGES)[number];

export const GROUP_WORDS: Readonly<Record<CostsBy, string>> = { deployment: "Deployment", team: "Team", model: "Model", month: "Month", kind: "Kind" };
export const RANGE_WORDS: Readonly<Record<CostRange, string>> = { month: "This month", last: "Last month", "90d": "90 days", year: "12 months" };

type Kind = PriceInput["kind"];
type Unit = PriceInput["unit"];

export const KIND_WORDS: Readonly<Record<Kind, string>> = { model: "Model", query: "Query", compute: "Compute" };
export const UNITS: Readonly<Record<Kind, readonly Unit[]>> = {
  model: ["input_tokens", "cache_read_tokens", "cache_creation_tokens", "output_tokens", "reasoning_tokens"],
  query: ["bytes", "credits"],
  compute: ["vcpu_seconds", "gb_seconds", "wall_seconds"],
};
export const UNIT_WORDS: Readonly<Record<Unit, string>> = {
  input_tokens: "input tokens",
  cache_read_tokens: "tokens read from cache",
  cache_creation_tokens: "tokens written to cache",
  output_tokens: "output tokens",
  reasoning_tokens: "reasoning tokens",
  bytes: "read",
  credits: "credits",
  vcpu_seconds: "of a vCPU",
  gb_seconds: "of a GB of memory",
  wall_seconds: "of own pools",
};
/** What a price is for, as price lists say it. */
export const PER_WORDS: Readonly<Record<Unit, string>> = {
  input_tokens: "million input tokens",
  cache_read_tokens: "million tokens read from cache",
  cache_creation_tokens: "million tokens written to cache",
  output_tokens: "million output tokens",
  reasoning_tokens: "million reasoning tokens",
  bytes: "TiB read",
  credits: "credit",
  vcpu_seconds: "hour of a vCPU",
  gb_seconds: "hour of a GB of memory",
  wall_seconds: "hour in own pools",
};

/** `from` and `to`: days in UTC, both included; they win over the range. */
export interface CostsSearch {
  readonly by?: CostsBy | undefined;
  readonly range?: CostRange | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** The key of the group whose runs are shown. */
  readonly of?: string | undefined;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;

function dayOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text !== undefined && DAY.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

export function parseCostsSearch(search: Record<string, unknown>): CostsSearch {
  const from = dayOf(search["from"]);
  const to = dayOf(search["to"]);
  const whole = from !== undefined && to !== undefined && from <= to;
  return { by: oneOf(search["by"], GROUPS), range: oneOf(search["range"], RANGES), from: whole ? from : undefined, to: whole ? to : undefined, of: textOf(search["of"]) };
}

export interface Span {
  readonly from: string;
  readonly to: string;
}

/** The days that are meant, both included. */
export function spanOf(search: CostsSearch, now: number): Span {
  if (search.from !== undefined && search.to !== undefined) return { from: search.from, to: search.to };
  const today = iso(now);
  const date = new Date(now);
  const first = (months: number) => iso(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  switch (search.range) {
    case "last":
      return { from: first(-1), to: iso(Date.parse(first(0)) - DAY_MS) };
    case "90d":
      return { from: iso(now - 89 * DAY_MS), to: today };
    case "year":
      return { from: first(-11), to: today };
    default:
      return { from: first(0), to: today };
  }
}

function iso(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The days of "2026-11". */
export function daysOfMonth(month: string): Span {
  const [year, number] = month.split("-").map(Number);
  return { from: `${month}-01`, to: iso(Date.UTC(year ?? 1970, number ?? 1, 0)) };
}

/** The same days as the list of runs takes them: moments, the end not included. */
export function momentsOf(span: Span): { readonly from: string; readonly to: string } {
  return { from: `${span.from}T00:00:00.000Z`, to: new Date(Date.parse(span.to) + DAY_MS).toISOString() };
}

/** "$12.40", "€0.0031", "CHF 1,204": as many digits as say something. */
export function formatMoney(amount: string | number, currency: string): string {
  const value = Number(amount);
  const small = value !== 0 && Math.abs(value) < 0.01;
  if (small && Math.abs(value) < 0.0001) return `<${formatMoney(0.0001, currency)}`;
  const digits = small ? 4 : 2;
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  } catch {
    return `${currency} ${value.toFixed(digits)}`;
  }
}

/** Sums of several currencies beside each other; nothing converts them. */
export function moneyText(money: readonly Pick<Money, "amount" | "currency">[]): string {
  return money.map((each) => formatMoney(each.amount, each.currency)).join(" + ");
}

/** "1,500 input tokens", "2.0 TiB read", "3m 12s of a vCPU". */
export function quantityText(quantity: string, unit: Unit): string {
  const value = Number(quantity);
  if (unit === "bytes") return `${formatBytes(value)} ${UNIT_WORDS[unit]}`;
  if (unit.endsWith("_seconds")) return `${formatDuration(value * 1000)} ${UNIT_WORDS[unit]}`;
  return `${Number.isInteger(value) ? formatCount(value) : formatCompact(value)} ${UNIT_WORDS[unit]}`;
}

export function unpricedText(unpriced: readonly Unpriced[]): string {
  const subjects = [...new Set(unpriced.map((each) => each.subject))];
  const named = subjects.slice(0, 3).join(", ");
  return subjects.length > 3 ? `${named} and ${plural(subjects.length - 3, "other")}` : named;
}

/** The sentence that answers the page's question. */
export function costsSentence(costs: Costs): string {
  const { total, groups } = costs;
  if (total.money.length === 0) {
    if (total.unpriced.length > 0) return "What was used has no price yet.";
    return total.quantities.length === 0 ? "Nothing was spent." : "Nothing was spent that has a price.";
  }
  const spent = `${moneyText(total.money)} spent`;
  const first = costs.by === "month" ? undefined : groups.find((group) => group.money.length > 0);
  const whole = sumOf(total.money);
  if (first === undefined || groups.length < 2 || whole === 0 || total.money.length > 1) return `${spent}.`;
  const part = sumOf(first.money) / whole;
  // Rounded up, others would seem to have cost nothing.
  const share = part > 0.99 && part < 1 ? "over 99 %" : `${Math.round(part * 100)} %`;
  return `${spent}, ${share} of it by ${first.label}.`;
}

function sumOf(money: readonly Money[]): number {
  return money.reduce((sum, each) => sum + Number(each.amount), 0);
}

export function labelOf(costs: Costs, group: CostGroup): string {
  if (costs.by === "month") return formatMonth(group.key);
  if (costs.by === "kind") return KIND_WORDS[group.key as keyof typeof KIND_WORDS];
  return group.label.replace("/", " / ");
}

/** How much of the dearest group's bar the group fills, 0 to 1. */
export function shareOf(group: CostGroup, groups: readonly CostGroup[]): number {
  const most = Math.max(...groups.map((each) => sumOf(each.money)));
  return most <= 0 ? 0 : sumOf(group.money) / most;
}

export function hasExamples(money: readonly Money[]): boolean {
  return money.some((each) => Number(each.by_example) > 0);
}

/** Why a price or an amount can't be sent yet. */
export function amountGap(text: string, zero = true): string | null {
  if (!/^\d+(\.\d+)?$/.test(text.trim())) return "An amount, as 2.50.";
  return !zero && Number(text) === 0 ? "More than nothing." : null;
}

export function currencyGap(text: string): string | null {
  return /^[A-Z]{3}$/.test(text) ? null : "Three capital letters, as USD.";
}
