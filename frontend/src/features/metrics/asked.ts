import { unitOfFormula, type FormulaUnit } from "@/features/metrics/formula-unit";
import { unitOf } from "@/features/metrics/model";
import { formatMetricQuery, parseMetricQuery } from "@/features/metrics/sentence";
import type { MetricQuery } from "@/schema/wire/telemetry";

/** What one line of the page asks: a query, or a formula over the others. */
export type Asked =
  | { readonly kind: "query"; readonly letter: string; readonly query: MetricQuery; readonly hidden: boolean }
  | { readonly kind: "formula"; readonly letter: string; readonly expression: string };

export const LETTERS = "ABCDEFGH";
const HIDDEN = /\s+hidden$/;

/** Texts of the address, each with the letter of its place. What cannot be read is left out, and keeps its letter. */
export function readAsked(texts: readonly string[]): Asked[] {
  return texts.slice(0, LETTERS.length).flatMap((text, place): Asked[] => {
    const letter = LETTERS.charAt(place);
    if (text.startsWith("=")) return [{ kind: "formula", letter, expression: text.slice(1).trim() }];
    const query = parseMetricQuery(text.replace(HIDDEN, ""));
    return query === null ? [] : [{ kind: "query", letter, query, hidden: HIDDEN.test(text) }];
  });
}

/** What each formula is counted in, by its letter; `unitNamed` knows the units of metrics. */
export function formulaUnits(asked: readonly Asked[], unitNamed: (metric: string) => string | null): ReadonlyMap<string, FormulaUnit> {
  const units = new Map<string, string | null>();
  const found = new Map<string, FormulaUnit>();
  for (const each of asked) {
    if (each.kind === "query") units.set(each.letter, unitOf(each.query.aggregate, unitNamed(each.query.name)));
    else {
      const computed = unitOfFormula(each.expression, units);
      units.set(each.letter, computed.unit);
      found.set(each.letter, computed);
    }
  }
  return found;
}

export function writeAsked(asked: Asked): string {
  if (asked.kind === "formula") return `= ${asked.expression}`;
  return `${formatMetricQuery(asked.query)}${asked.hidden ? " hidden" : ""}`;
}

/**
 * The texts without one of them. Letters are places, so those behind it move up; formulas keep meaning
 * what they meant, and one that spoke of what is gone is left to say so.
 */
export function withoutPlace(texts: readonly string[], gone: number): string[] {
  const renamed = (letter: string) => {
    const place = LETTERS.indexOf(letter);
    return place > gone ? LETTERS.charAt(place - 1) : place === gone ? "Z" : letter;
  };
  return texts
    .filter((_, place) => place !== gone)
    .map((text) => (text.startsWith("=") ? text.replace(/[A-Z]/g, renamed) : text));
}

export const COMPARES = { "1d": 86_400, "1w": 7 * 86_400, "4w": 28 * 86_400 } as const;
export type Compare = keyof typeof COMPARES;
export const COMPARE_WORDS: Readonly<Record<Compare, string>> = {
  "1d": "a day before",
  "1w": "a week before",
  "4w": "four weeks before",
};

/** The choice that so many seconds are; there may be none. */
export function compareOf(seconds: number | undefined): Compare | undefined {
  return (Object.keys(COMPARES) as Compare[]).find((each) => COMPARES[each] === seconds);
}

/** What was compared with, in words: the server rounds to whole steps. */
export function beforeWords(seconds: number): string {
  const known = compareOf(seconds);
  return known === undefined ? `${Math.round(seconds / 86_400)} days before` : COMPARE_WORDS[known];
}

export const VIEWS = ["lines", "bands", "heat"] as const;
export type View = (typeof VIEWS)[number];

/** What is drawn as a band: the middle line, and what holds most of the values. */
export const BAND = ["p50", "p90", "p99"] as const;
