/** One term of a query that the server has read already: what it asks of which key. */
export interface ReadTerm {
  readonly isNegated: boolean;
  /** Null for words that are looked for anywhere. */
  readonly key: string | null;
  /** `<`, `>=`, `!=` …; "" where none was written. */
  readonly operator: string;
  readonly values: readonly ReadValue[];
}

export interface ReadValue {
  readonly text: string;
  /** In quotes a star is a star. */
  readonly isQuoted: boolean;
}

const KEYED = /^(-?)([A-Za-z_]\w*(?:\.(?:"(?:[^"\\]|\\.)*"|[^\s:".]+))*):(!=|<=|>=|<|>|=|)(.*)$/s;
const VALUE = /("(?:[^"\\]|\\.)*"|[^\s",]+)(?:,|$)/gys;

export function readTerm(term: string): ReadTerm {
  const [, sign = "", key = null, operator = "", said = ""] = KEYED.exec(term) ?? [];
  if (key === null) return { isNegated: term.startsWith("-"), key: null, operator: "", values: [valueOf(term.replace(/^-/, ""))] };
  return { isNegated: sign === "-", key, operator, values: [...said.matchAll(VALUE)].map(([, value = ""]) => valueOf(value)) };
}

/** `rows`, `"a.b"` → the steps of a path, without its quotes. */
export function pathSteps(path: string): readonly string[] {
  return [...path.matchAll(/"((?:[^"\\]|\\.)*)"|[^."]+/g)].map(([whole, inner]) => (inner === undefined ? whole : unescaped(inner)));
}

function valueOf(said: string): ReadValue {
  const isQuoted = said.startsWith('"');
  return { text: isQuoted ? unescaped(said.slice(1, -1)) : said, isQuoted };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, "$1");
}
