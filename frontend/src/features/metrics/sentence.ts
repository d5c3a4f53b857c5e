import { oneOf } from "@/lib/search-params";
import { AGGREGATES, type MetricQuery } from "@/schema/wire/telemetry";

/*
 * A query as a sentence: `sum(rows){table=raw.flights} by table offset 7d`. A name or value that holds what
 * the sentence is parted by (`/users/{id}`, `a,b`) stands in quotes, in which \ goes before " and \.
 */

const OFFSET_SECONDS = { m: 60, h: 3_600, d: 86_400 } as const;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const NAME = /[^(){}"]+/y;
const LABEL = /[^=,{}"]+/y;
const VALUE = /[^,}]*/y;
const GROUP = /[^\s,"]+/y;
const PLAIN_NAME = /^[^(){}"\s]([^(){}"]*[^(){}"\s])?$/;
const PLAIN_LABEL = /^[^=,{}"\s]([^=,{}"]*[^=,{}"\s])?$/;
const PLAIN_VALUE = /^([^,}"\s]([^,}]*[^,}\s])?)?$/;
// Behind the sentence, “hidden” says that it is there for formulas only.
const PLAIN_GROUP = /^(?!hidden$)[^\s,"]+$/;

export function parseMetricQuery(text: string): MetricQuery | null {
  return new Reader(text.trim()).query();
}

/** Reads from left to right; what is not there as expected is null, and ends it. */
class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  query(): MetricQuery | null {
    const aggregate = oneOf(this.take(/(\w+)\(/y)?.[1], AGGREGATES);
    const name = this.term(NAME);
    if (aggregate === undefined || name === null || name === "" || this.take(/\)/y) === null) return null;
    const where = this.where();
    const groups = this.take(/ by /y) === null ? [] : this.groups();
    const offset = this.take(/ offset (\d{1,7})([mhd])/y);
    if (where === null || groups === null || this.at < this.text.length) return null;
    return {
      name,
      aggregate,
      ...(groups.length === 0 ? {} : { group_by: groups }),
      ...(where.size === 0 ? {} : { where: Object.fromEntries(where) }),
      ...(offset === null ? {} : { offset_seconds: Number(offset[1]) * OFFSET_SECONDS[oneOf(offset[2], ["m", "h", "d"]) ?? "m"] }),
    };
  }

  private where(): Map<string, string[]> | null {
    const found = new Map<string, string[]>();
    if (this.take(/\{/y) === null || this.take(/\s*\}/y) !== null) return found;
    do {
      const label = this.term(LABEL);
      if (label === null || label === "" || this.take(/\s*=\s*/y) === null) return null;
      const value = this.term(VALUE);
      if (value === null) return null;
      found.set(label, [...(found.get(label) ?? []), value]);
    } while (this.take(/\s*,\s*/y) !== null);
    return this.take(/\s*\}/y) === null ? null : found;
  }

  private groups(): string[] | null {
    const found: string[] = [];
    do {
      const label = this.term(GROUP);
      if (label === null || label === "") return null;
      found.push(label);
    } while (this.take(/,/y) !== null);
    return found;
  }

  private term(plain: RegExp): string | null {
    const quoted = this.take(QUOTED)?.[1];
    return quoted === undefined ? (this.take(plain)?.[0].trim() ?? null) : quoted.replace(/\\(.)/g, "$1");
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match !== null) this.at = pattern.lastIndex;
    return match;
  }
}

export function formatMetricQuery(query: MetricQuery): string {
  const pairs = Object.entries(query.where ?? {}).flatMap(([label, values]) => values.map((value) => `${quoted(label, PLAIN_LABEL)}=${quoted(value, PLAIN_VALUE)}`));
  const where = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  const groups = (query.group_by ?? []).map((label) => quoted(label, PLAIN_GROUP));
  const by = groups.length === 0 ? "" : ` by ${groups.join(",")}`;
  return `${query.aggregate}(${quoted(query.name, PLAIN_NAME)})${where}${by}${formatOffset(query.offset_seconds)}`;
}

function quoted(text: string, plain: RegExp): string {
  return plain.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** " offset 7d": the largest unit that it is whole in. */
function formatOffset(seconds: number | undefined): string {
  if (seconds === undefined || seconds === 0) return "";
  const unit = seconds % 86_400 === 0 ? "d" : seconds % 3_600 === 0 ? "h" : "m";
  return ` offset ${Math.ceil(seconds / OFFSET_SECONDS[unit])}${unit}`;
}
