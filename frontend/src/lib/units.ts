const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "840 ms", "12.4 s", "3m 12s", "2h 05m", "4d 03h": four to six characters that line up in a column. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "–";
  if (ms < 0) return `−${formatDuration(-ms)}`;
  if (ms < 1) return ms === 0 ? "0 ms" : "<1 ms";
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) {
    const seconds = ms / SECOND;
    return seconds >= 59.95 ? "1m 00s" : `${seconds.toFixed(1)} s`;
  }
  if (ms < HOUR) return pair(ms, MINUTE, "m", SECOND, "s");
  if (ms < DAY) return pair(ms, HOUR, "h", MINUTE, "m");
  return pair(ms, DAY, "d", HOUR, "h");
}

function pair(ms: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const whole = Math.floor(ms / big);
  const rest = Math.floor((ms % big) / small);
  return `${whole}${bigUnit} ${String(rest).padStart(2, "0")}${smallUnit}`;
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function formatCount(count: number): string {
  return whole.format(count);
}

/** Exact below 10,000, "12.3K" above: for axes and badges, never where the exact number is asked for. */
export function formatCompact(value: number): string {
  if (Math.abs(value) < 10_000) return trimNumber(value);
  return compact.format(value);
}

/** At most four significant digits after the point, without trailing zeros. */
export function trimNumber(value: number): string {
  if (Number.isInteger(value)) return whole.format(value);
  const magnitude = Math.abs(value);
  const digits = magnitude >= 100 ? 1 : magnitude >= 1 ? 2 : 4;
  return new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(value);
}

/** 0.98765 → "98.8 %"; 1 → "100 %"; never rounds a miss up to 100. */
export function formatRatio(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined) return "–";
  const percent = ratio * 100;
  if (ratio < 1 && percent > 99.9) return "99.9 %";
  return `${percent === 100 || percent === 0 ? percent.toFixed(0) : percent.toFixed(1)} %`;
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

export function formatBytes(bytes: number): string {
  if (bytes < 0) return `−${formatBytes(-bytes)}`;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 && Number.isInteger(value) ? value : value.toFixed(1)} ${BYTE_UNITS[unit] ?? "B"}`;
}

/** Shows a metric's value with its declared unit. */
export function formatValue(value: number | null | undefined, unit: string | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (unit === "ms") return formatDuration(value);
  if (unit === "s" || unit === "seconds") return formatDuration(value * SECOND);
  if (unit === "bytes" || unit === "By") return formatBytes(value);
  return unit === null || unit === undefined || unit === "" || unit === "1" ? formatCompact(value) : `${formatCompact(value)} ${value === 1 ? singular(unit) : unit}`;
}

/** "runs" → "run". What ends in -as, -is, -ss or -us may be one already; a short unit is an abbreviation. */
function singular(unit: string): string {
  return /^[a-z]+[^aius\W\d_]s$/.test(unit) && unit.length > 3 ? unit.slice(0, -1) : unit;
}

/** What was estimated, without digits that nobody knows: 1,234,567 → "1,200,000". */
export function formatRough(count: number): string {
  return whole.format(roundRough(count));
}

/** The same as a number: two digits, and none below a hundred lost. */
export function roundRough(count: number): number {
  if (count < 100) return count;
  const step = 10 ** (Math.floor(Math.log10(count)) - 1);
  return Math.round(count / step) * step;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** When a UUIDv7 was made: its first 48 bits are milliseconds. null for any other id. */
export function madeAt(id: string): number | null {
  return /^[\da-f]{8}-[\da-f]{4}-7/i.test(id) ? parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}

/** "018f6f0e-…-9c41": the start tells the age of a UUIDv7, the end tells it from its neighbours. */
export function shortenId(id: string): string {
  return id.length <= 15 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`;
}
