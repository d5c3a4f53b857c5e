const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  clocks.set(zone, made);
  return made;
}

/** Every zone that the browser knows, UTC first. */
export function zoneNames(): readonly string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];
}

export function isZone(name: string): boolean {
  try {
    clockOf(name);
    return name !== "";
  } catch {
    return false;
  }
}

/** What the wall shows as if it were UTC, to the minute. */
function wallAsUtc(at: number, zone: string): number {
  const parts = Object.fromEntries(clockOf(zone).formatToParts(at).map((part) => [part.type, Number(part.value)]));
  return Date.UTC(parts["year"] ?? 0, (parts["month"] ?? 1) - 1, parts["day"] ?? 1, parts["hour"] ?? 0, parts["minute"] ?? 0);
}

/** Minutes east of UTC at a moment. */
export function offsetAt(at: number, zone: string): number {
  return Math.round((wallAsUtc(at, zone) - Math.floor(at / MINUTE) * MINUTE) / MINUTE);
}

/** "2026-03-29T03:00": what the zone's wall shows, as a datetime-local input takes it. */
export function wallOf(at: number, zone: string): string {
  return new Date(wallAsUtc(at, zone)).toISOString().slice(0, 16);
}

/** When the zone's wall shows it: the first time where it does so twice; past the gap where it never does. null for no time at all. */
export function momentOf(wall: string, zone: string): number | null {
  const utc = Date.parse(`${wall}Z`);
  if (Number.isNaN(utc) || !isZone(zone)) return null;
  const before = utc - offsetAt(utc - DAY, zone) * MINUTE;
  const after = utc - offsetAt(utc + DAY, zone) * MINUTE;
  const shown = [before, after].filter((at) => wallAsUtc(at, zone) === utc);
  return shown.length === 0 ? before : Math.min(...shown);
}

const days = new Map<string, Intl.DateTimeFormat>();

/** "Sun 29 Mar, 03:00" on the wall of the zone; with the year where it is not this year. */
export function formatInZone(at: number | string, zone: string, now: number = Date.now()): string {
  const moment = new Date(at);
  const withYear = wallOf(moment.getTime(), zone).slice(0, 4) !== wallOf(now, zone).slice(0, 4);
  const key = `${zone} ${withYear}`;
  const format =
    days.get(key) ??
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      weekday: "short",
      day: "numeric",
      month: "short",
      ...(withYear ? { year: "numeric" } : {}),
      hour: "2-digit",
      minute: "2-digit",
    });
  days.set(key, format);
  // A year puts a comma after the weekday; without one there is none.
  return format.format(moment).replace(/^(\w+),/, "$1");
}

/** "UTC+05:30" */
export function formatOffset(minutes: number): string {
  const most = Math.abs(minutes);
  return `UTC${minutes < 0 ? "−" : "+"}${String(Math.floor(most / 60)).padStart(2, "0")}:${String(most % 60).padStart(2, "0")}`;
}
