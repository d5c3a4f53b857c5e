export interface JsonFault {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** What should stand there: "a value", "a comma or }". */
  readonly expected: string;
}

const SPACE = /[ \t\n\r]*/y;
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-f]{4}))*"/iy;
const PLAIN = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null)(?![\w.+-])/iy;

/** Where a text stops being JSON; null when it is some. Engines say it in ways of their own, or not at all. */
export function findJsonFault(text: string): JsonFault | null {
  let at = 0;
  let expected: string | null = null;

  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found !== undefined;
  };
  const is = (sign: string): boolean => {
    take(SPACE);
    if (text[at] !== sign) return false;
    at += 1;
    return true;
  };
  const miss = (what: string): void => {
    expected ??= what;
  };

  // What is open, from the outside to the inside: a list of its own rather than calls, for texts may nest deeply.
  const open: ("}" | "]")[] = [];
  let needsValue = true;
  const readName = (): void => {
    take(SPACE);
    if (!take(TEXT)) miss("a name in double quotes");
    else if (!is(":")) miss("a colon");
  };
  while (expected === null && (needsValue || open.length > 0)) {
    if (needsValue) {
      needsValue = false;
      if (is("{")) {
        if (!is("}")) {
          open.push("}");
          readName();
          needsValue = true;
        }
      } else if (is("[")) {
        if (!is("]")) {
          open.push("]");
          needsValue = true;
        }
      } else if (!take(TEXT) && !take(PLAIN)) miss("a value");
      continue;
    }
    const end = open.at(-1) ?? "}";
    if (is(end)) open.pop();
    else if (is(",")) {
      if (end === "}") readName();
      needsValue = true;
    } else miss(`a comma or ${end}`);
  }
  take(SPACE);
  if (expected === null && at < text.length) expected = "nothing more";
  if (expected === null) return null;
  const lines = text.slice(0, at).split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, expected };
}
