/** The language of the search bars, as far as the page has to write it: the server reads it and says what is wrong. */

const TERM = /(?:[^\s"]|"(?:[^"\\]|\\.)*"?)+/g;
const NEEDS_QUOTES = /[\s",\\]|\*$|^$/;

export function splitTerms(text: string): readonly string[] {
  return text.match(TERM) ?? [];
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** `termOf("resource", "my orders")` → `resource:"my orders"`; with `prefix` a star at the end keeps its meaning. */
export function termOf(key: string, value: string, { prefix = false } = {}): string {
  const body = prefix && value.endsWith("*") ? value.slice(0, -1) : value;
  return `${key}:${NEEDS_QUOTES.test(body) ? quoted(value) : value}`;
}

/** One step of a path into a payload, in quotes where a dot would part it. */
export function pathStep(key: string): string {
  return /^[^\s:".]+$/.test(key) ? key : quoted(key);
}

export function hasTerm(query: string, term: string): boolean {
  return splitTerms(query).includes(term);
}

export function withTerm(query: string, term: string): string {
  return hasTerm(query, term) ? query : [query.trim(), term].filter((part) => part !== "").join(" ");
}

export function withoutTerm(query: string, term: string): string {
  return splitTerms(query)
    .filter((each) => each !== term)
    .join(" ");
}

/** What the bar can offer: by key, the values that were seen. */
export interface Vocabulary {
  /** Each key as it is typed, without the colon. */
  readonly keys: readonly string[];
  readonly values: Readonly<Record<string, readonly string[]>>;
}

export interface Offer {
  /** The whole text of the bar once it is taken. */
  readonly text: string;
  /** What is added, as it is shown. */
  readonly shown: string;
}

const MOST_OFFERS = 12;

/** What may come next, for the term that the text ends with. */
export function offersFor(text: string, vocabulary: Vocabulary): readonly Offer[] {
  const [typed, sign, word] = lastTerm(text);
  const before = text.slice(0, text.length - typed.length) + sign;
  const colon = word.indexOf(":");
  const offer = (shown: string): Offer => ({ text: before + shown, shown });
  if (colon === -1) {
    const needle = word.toLowerCase();
    const keys = vocabulary.keys.filter((key) => key.toLowerCase().startsWith(needle)).map((key) => `${key}:`);
    const values = needle === "" ? [] : Object.entries(vocabulary.values).flatMap(([key, seen]) => matching(seen, needle).map((value) => termOf(key, value)));
    return [...keys, ...values].slice(0, MOST_OFFERS).map(offer);
  }
  const key = word.slice(0, colon);
  const said = word.slice(colon + 1);
  const comma = said.lastIndexOf(",");
  const kept = `${key}:${said.slice(0, comma + 1)}`;
  const seen = vocabulary.values[key] ?? [];
  return matching(seen, said.slice(comma + 1).replaceAll('"', "").toLowerCase())
    .map((value) => kept + termOf("", value).slice(1))
    .filter((shown) => shown !== word)
    .slice(0, MOST_OFFERS)
    .map(offer);
}

function lastTerm(text: string): readonly [typed: string, sign: string, word: string] {
  const typed = /\s$/.test(text) ? "" : (splitTerms(text).at(-1) ?? "");
  return typed.startsWith("-") ? [typed, "-", typed.slice(1)] : [typed, "", typed];
}

function matching(values: readonly string[], needle: string): readonly string[] {
  return values.filter((value) => value.toLowerCase().includes(needle));
}
