import { textOf } from "@/lib/search-params";
import { isZone, momentOf, wallOf } from "@/lib/zones";
import type { CalendarItem } from "@/schema/wire/deployments";

export interface CalendarSearch {
  /** The first day shown, "YYYY-MM-DD"; today unless it says. */
  readonly from?: string | undefined;
  /** The clock that days and hours are of; the reader's unless it says. */
  readonly zone?: string | undefined;
  readonly deployment?: string | undefined;
}

export function parseCalendarSearch(search: Record<string, unknown>): CalendarSearch {
  const from = textOf(search["from"]);
  const zone = textOf(search["zone"]);
  return {
    from: from !== undefined && isDay(from) ? from : undefined,
    zone: zone !== undefined && isZone(zone) ? zone : undefined,
    deployment: textOf(search["deployment"]),
  };
}

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

export const DAYS = 7;

export function addDays(day: string, count: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + count);
  return at.toISOString().slice(0, 10);
}

export interface Week {
  readonly days: readonly string[];
  readonly since: string;
  readonly until: string;
}

/** Seven days of the zone's calendar, and the moments that they lie between. */
export function weekFrom(first: string, zone: string): Week {
  const moment = (day: string) => new Date(momentOf(`${day}T00:00`, zone) ?? Date.parse(`${day}T00:00:00Z`)).toISOString();
  return {
    days: Array.from({ length: DAYS }, (_, index) => addDays(first, index)),
    since: moment(first),
    until: moment(addDays(first, DAYS)),
  };
}

/** One schedule within one hour. */
export interface Group {
  readonly key: string;
  readonly item: CalendarItem;
  /** What the wall shows, "06:30" each. */
  readonly times: readonly string[];
}

/** By day and by hour of the wall. An hour that the wall shows twice holds both. */
export type Cells = ReadonlyMap<string, ReadonlyMap<number, readonly Group[]>>;

export function cellsOf(items: readonly CalendarItem[], zone: string): Cells {
  const cells = new Map<string, Map<number, Map<string, { item: CalendarItem; times: string[] }>>>();
  for (const item of items) {
    const wall = wallOf(Date.parse(item.due_at), zone);
    const day = wall.slice(0, 10);
    const hour = Number(wall.slice(11, 13));
    const hours = cells.get(day) ?? new Map<number, Map<string, { item: CalendarItem; times: string[] }>>();
    cells.set(day, hours);
    const groups = hours.get(hour) ?? new Map<string, { item: CalendarItem; times: string[] }>();
    hours.set(hour, groups);
    const group = groups.get(item.schedule_id);
    if (group === undefined) groups.set(item.schedule_id, { item, times: [wall.slice(11)] });
    else group.times.push(wall.slice(11));
  }
  return new Map(
    [...cells].map(([day, hours]) => [
      day,
      new Map([...hours].map(([hour, groups]) => [hour, [...groups].map(([id, group]): Group => ({ key: `${day} ${hour} ${id}`, ...group }))])),
    ]),
  );
}

/** A row of the grid: one hour in which something starts, or a stretch in which nothing does. */
export interface HourRow {
  readonly first: number;
  readonly last: number;
  readonly quiet: boolean;
}

const HOURS = 24;

export function rowsOf(cells: Cells): HourRow[] {
  const busy = new Set([...cells.values()].flatMap((hours) => [...hours.keys()]));
  const rows: HourRow[] = [];
  for (let hour = 0; hour < HOURS; hour += 1) {
    const before = rows.at(-1);
    if (busy.has(hour)) rows.push({ first: hour, last: hour, quiet: false });
    else if (before?.quiet === true) rows[rows.length - 1] = { ...before, last: hour };
    else rows.push({ first: hour, last: hour, quiet: true });
  }
  return rows;
}

export function hourText(row: HourRow): string {
  const pad = (hour: number) => String(hour).padStart(2, "0");
  return row.first === row.last ? `${pad(row.first)}:00` : `${pad(row.first)}–${pad(row.last + 1)}`;
}

/** "06:30"; "06:30 +2" with two more in that hour: a column of a week has no room for words. */
export function timesText(times: readonly string[]): string {
  const [first = ""] = times;
  return times.length === 1 ? first : `${first} +${times.length - 1}`;
}

const SERIES = 8;

/** The same deployment has the same colour, whatever else is shown. */
export function colorOf(deploymentId: string): string {
  let sum = 0;
  for (const char of deploymentId) sum = (sum * 31 + char.charCodeAt(0)) % 9_973;
  return `var(--series-${(sum % SERIES) + 1})`;
}

const dayName = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });

export function dayText(day: string): string {
  return dayName.format(new Date(`${day}T00:00:00Z`)).replace(",", "");
}
