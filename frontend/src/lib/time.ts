import { formatDuration } from "@/lib/units";

export const PRESETS = ["15m", "1h", "6h", "24h", "7d", "30d"] as const;
export type Preset = (typeof PRESETS)[number];
export const DEFAULT_PRESET: Preset = "24h";

const PRESET_MS: Readonly<Record<Preset, number>> = {
  "15m": 15 * 60_000,
  "1h": 3_600_000,
  "6h": 6 * 3_600_000,
  "24h": 24 * 3_600_000,
  "7d": 7 * 24 * 3_600_000,
  "30d": 30 * 24 * 3_600_000,
};

export const PRESET_LABELS: Readonly<Record<Preset, string>> = {
  "15m": "Last 15 minutes",
  "1h": "Last hour",
  "6h": "Last 6 hours",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
};

/** The preset that a page opens with: the smallest usual one that holds all there can be in a young workspace. */
export function presetFor(createdAt: number | null, now: number): Preset {
  const age = createdAt === null ? Infinity : now - createdAt;
  return YOUNG.find((preset) => age <= PRESET_MS[preset]) ?? DEFAULT_PRESET;
}

const YOUNG: readonly Preset[] = ["1h", "6h"];

/** An address without a time shows what the workspace's age suggests; what the address says is kept. */
export function withPreset<T extends RangeSearch>(search: T, preset: Preset): T {
  return search.from === undefined && search.range === undefined ? { ...search, range: preset } : search;
}

/** The part of a page's address that says which time it shows: a preset, or two fixed moments. */
export interface RangeSearch {
  readonly range?: Preset | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface Span {
  readonly from: string;
  readonly to: string;
}

export function isPreset(value: unknown): value is Preset {
  return PRESETS.some((preset) => preset === value);
}

/** Reads the range out of an address; two valid moments in order win over a preset, nonsense is dropped. */
export function parseRange(search: Readonly<Record<string, unknown>>): RangeSearch {
  const { range, from, to } = search;
  if (typeof from === "string" && typeof to === "string" && Date.parse(from) < Date.parse(to)) return { from, to };
  return isPreset(range) ? { range } : {};
}

export function resolveRange(search: RangeSearch, now: number): Span {
  if (search.from !== undefined && search.to !== undefined) return { from: search.from, to: search.to };
  const width = PRESET_MS[search.range ?? DEFAULT_PRESET];
  return { from: new Date(now - width).toISOString(), to: new Date(now).toISOString() };
}

/** A stable part of a query key: presets move with the clock, so their name stands for them. */
export function rangeKey(search: RangeSearch): string {
  return search.from !== undefined && search.to !== undefined
    ? `${search.from}/${search.to}`
    : (search.range ?? DEFAULT_PRESET);
}

export function rangeLabel(search: RangeSearch): string {
  if (search.from === undefined || search.to === undefined) return PRESET_LABELS[search.range ?? DEFAULT_PRESET];
  const from = new Date(search.from);
  const to = new Date(search.to);
  const sameDay = from.toDateString() === to.toDateString();
  return `${dayAndTime.format(from)} – ${sameDay ? clock.format(to) : dayAndTime.format(to)}`;
}

/** The same within a sentence: presets begin in lower case, names of months do not. */
export function rangeInSentence(search: RangeSearch): string {
  const label = rangeLabel(search);
  return search.from === undefined || search.to === undefined ? label.toLowerCase() : label;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const clockWithSeconds = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const dayOnly = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const exact = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

export function formatClock(at: number | string): string {
  return clock.format(new Date(at));
}

/** "14:03:22.418": for log lines, where the order within a second matters. */
export function formatClockMs(at: string): string {
  const date = new Date(at);
  return `${clockWithSeconds.format(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

export function formatExact(at: number | string): string {
  return exact.format(new Date(at));
}

export function formatDay(at: number | string): string {
  return dayOnly.format(new Date(at));
}

export function formatDayAndTime(at: number | string): string {
  return dayAndTime.format(new Date(at));
}

/** An axis label that fits the width of the whole axis. */
export function formatTick(at: number, spanMs: number): string {
  if (spanMs <= 4 * 60_000) return clockWithSeconds.format(new Date(at));
  if (spanMs <= 36 * 3_600_000) return clock.format(new Date(at));
  const date = new Date(at);
  if (date.getHours() === 0 && date.getMinutes() === 0) return dayOnly.format(date);
  return spanMs <= 8 * 24 * 3_600_000 ? dayAndTime.format(new Date(at)) : dayOnly.format(new Date(at));
}

const TICK_STEPS_MS = [
  1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 2 * 60_000, 5 * 60_000, 10 * 60_000, 15 * 60_000, 30 * 60_000,
  3_600_000, 2 * 3_600_000, 3 * 3_600_000, 6 * 3_600_000, 12 * 3_600_000,
  24 * 3_600_000, 2 * 24 * 3_600_000, 7 * 24 * 3_600_000, 14 * 24 * 3_600_000,
];

/** Round moments of the person's own clock between two others, at most `most` of them. */
export function timeTicks(from: number, to: number, most: number): number[] {
  const step = TICK_STEPS_MS.find((each) => (to - from) / each <= most) ?? Math.ceil((to - from) / most);
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const ticks: number[] = [];
  for (let at = Math.ceil((from - offset) / step) * step + offset; at <= to; at += step) ticks.push(at);
  return ticks;
}

const STEPS: readonly [limit: number, divisor: number, unit: string][] = [
  [60_000, 1_000, "s"],
  [3_600_000, 60_000, "m"],
  [48 * 3_600_000, 3_600_000, "h"],
  [60 * 24 * 3_600_000, 24 * 3_600_000, "d"],
];

/** "just now", "4m ago", "in 2h", and a date once "ago" says little. */
export function formatRelative(at: number | string, now: number): string {
  const moment = new Date(at).getTime();
  const distance = Math.abs(now - moment);
  if (distance < 2_000) return "just now";
  const step = STEPS.find(([limit]) => distance < limit);
  if (step === undefined) return dayOnly.format(new Date(moment));
  const text = `${Math.floor(distance / step[1])}${step[2]}`;
  return moment > now ? `in ${text}` : `${text} ago`;
}

export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** How long something has taken so far, or took. */
export function elapsed(startedAt: string | null, endedAt: string | null, now: number): number | null {
  if (startedAt === null) return null;
  return Math.max(0, (endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt));
}

/** "every 5m": for interval schedules. */
export function formatEvery(seconds: number): string {
  return `every ${formatStep(seconds)}`;
}

/** A round duration without its zeros: "5m", "1h", "90 s" stays "1m 30s". */
export function formatStep(seconds: number): string {
  return formatDuration(seconds * 1000)
    .replace(/ 00[smh]$/, "")
    .replace(/\.0 s$/, " s");
}

/** What a datetime-local input takes: local wall clock without a zone. */
export function toLocalInput(at: string): string {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const calendarDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", timeZone: "UTC" });
const calendarMonth = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** "1 December": a day of the calendar that plans are counted in, which is UTC's. */
export function formatDate(at: number | string): string {
  return calendarDay.format(new Date(at));
}

/** "1 November to 22 November"; over the turn of a year each with its own. */
export function formatDates(from: string, to: string): string {
  const [first, last] = [new Date(from), new Date(to)];
  const alike = first.getUTCFullYear() === last.getUTCFullYear();
  const text = (day: Date) => `${calendarDay.format(day)}${alike ? "" : ` ${day.getUTCFullYear()}`}`;
  return `${text(first)} to ${text(last)}`;
}

/** "2026-11" → "November 2026". */
export function formatMonth(month: string): string {
  return calendarMonth.format(new Date(`${month}-01T00:00:00Z`));
}

export function isMonth(text: string): boolean {
  return /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
}

export function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

export function addMonths(month: string, count: number): string {
  return monthOf(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1 + count, 1));
}
