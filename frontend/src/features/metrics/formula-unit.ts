/** What a formula over the letters of queries is counted in, and which units it adds up that do not belong together. */
export interface FormulaUnit {
  readonly unit: string | null;
  /** Two different units of one sum, as “bytes” and “ms”; what comes of it says nothing. */
  readonly mixed: readonly [string, string] | null;
}

// A number, or a share of one unit in itself, has none; of what is not known nothing is known (null).
const PLAIN = Symbol("no unit");
type Unit = string | null | typeof PLAIN;

const TOKEN = /\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[a-z]+|[A-Z]|[-+*/(),])/y;

export function unitOfFormula(expression: string, units: ReadonlyMap<string, string | null>): FormulaUnit {
  const reader = new Reader(expression, units);
  const unit = reader.sum();
  return { unit: typeof unit === "string" && reader.isAtEnd() ? unit : null, mixed: reader.mixed };
}

/** Reads as the server does; what the server refuses has no unit here. */
class Reader {
  mixed: readonly [string, string] | null = null;
  private readonly tokens: string[] = [];
  private at = 0;

  constructor(
    expression: string,
    private readonly units: ReadonlyMap<string, string | null>,
  ) {
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(expression); match !== null; match = TOKEN.exec(expression)) this.tokens.push(match[1] ?? "");
  }

  isAtEnd(): boolean {
    return this.at === this.tokens.length;
  }

  sum(): Unit {
    let unit = this.product();
    while (this.take("+") || this.take("-")) unit = this.together(unit, this.product());
    return unit;
  }

  private product(): Unit {
    let unit = this.operand();
    for (;;) {
      if (this.take("*")) unit = times(unit, this.operand());
      else if (this.take("/")) unit = over(unit, this.operand());
      else return unit;
    }
  }

  private operand(): Unit {
    while (this.take("-") || this.take("+"));
    const word = this.tokens[this.at] ?? "";
    this.at += 1;
    if (/^[\d.]/.test(word)) return PLAIN;
    if (/^[A-Z]$/.test(word)) return this.units.get(word) ?? null;
    if (/^[a-z]+$/.test(word)) this.take("(");
    else if (word !== "(") return null;
    let unit = this.sum();
    while (this.take(",")) unit = this.together(unit, this.sum());
    this.take(")");
    return unit;
  }

  private together(left: Unit, right: Unit): Unit {
    if (left === PLAIN || left === right) return right;
    if (right === PLAIN) return left;
    if (left !== null && right !== null) this.mixed ??= [left, right];
    return null;
  }

  private take(sign: string): boolean {
    if (this.tokens[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }
}

function times(left: Unit, right: Unit): Unit {
  if (left === PLAIN) return right;
  return right === PLAIN ? left : null;
}

function over(left: Unit, right: Unit): Unit {
  if (right === PLAIN) return left;
  if (left === null || right === null || left === PLAIN) return null;
  return left === right ? PLAIN : `${left}/${right}`;
}
