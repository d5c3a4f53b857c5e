import { secondsOf, spanOf, type Span } from "@/lib/spans";
import { formatStep } from "@/lib/time";
import { isZone } from "@/lib/zones";
import type { Breach, Level, LevelChange, LevelInput } from "@/schema/wire/levels";

export type LevelKind = Level["kind"];
export type Day = Level["weekdays"][number];

export const DAYS = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"] as const satisfies readonly Day[];
export const DAY_WORDS: Readonly<Record<Day, string>> = { MON: "Mon", TUE: "Tue", WED: "Wed", THU: "Thu", FRI: "Fri", SAT: "Sat", SUN: "Sun" };

/** The event that tells a breach; it is about the level, by its id. */
export const BREACHED = "headway.service_level.breached";

/** How many promises a deployment has at most. */
export const MOST_LEVELS = 20;
const MOST_SECONDS = 366 * 86_400;

export const KINDS: readonly { readonly value: LevelKind; readonly label: string; readonly description: string }[] = [
  { value: "START_BY", label: "Must start by", description: "Broken when no run has started by a time of the day." },
  { value: "FINISH_BY", label: "Must finish by", description: "Broken when no run has succeeded by a time of the day." },
  { value: "LASTS_AT_MOST", label: "Must last less than", description: "Broken by each run that goes on for longer, seen while it does." },
  { value: "SUCCEEDS_WITHIN", label: "Must succeed within", description: "Broken when so long after the last success there was no other." },
];

export function isByClock(kind: LevelKind): boolean {
  return kind === "START_BY" || kind === "FINISH_BY";
}

/** "must finish by 06:30 on weekdays, Europe/Berlin" */
export function levelWords({ kind, time_of_day: time, weekdays, timezone, seconds }: Pick<Level, "kind" | "time_of_day" | "weekdays" | "timezone" | "seconds">): string {
  if (kind === "LASTS_AT_MOST") return `must last less than ${formatStep(seconds ?? 0)}`;
  if (kind === "SUCCEEDS_WITHIN") return `must succeed within ${formatStep(seconds ?? 0)} of the last success`;
  return `must ${kind === "START_BY" ? "start" : "finish"} by ${clockText(time ?? "")} ${daysText(weekdays)}, ${timezone}`;
}

/** "06:30:00" as "06:30"; seconds stay where there are some. */
export function clockText(time: string): string {
  return time.replace(/^(\d\d:\d\d):00$/, "$1");
}

/** "every day", "on weekdays", "on Mon, Wed" */
export function daysText(days: readonly Day[]): string {
  const chosen = DAYS.filter((day) => days.includes(day));
  const key = chosen.join(" ");
  if (chosen.length === DAYS.length) return "every day";
  if (key === "MON TUE WED THU FRI") return "on weekdays";
  if (key === "SAT SUN") return "at weekends";
  return `on ${chosen.map((day) => DAY_WORDS[day]).join(", ")}`;
}

/** What has no due time of its own is looked at every few seconds: a moment that near is no news. */
const ALL_THE_TIME_MS = 30_000;

/** When it is looked at next: a moment, all the time, or not at all. */
export function nextCheck(level: Pick<Level, "kind" | "next_check_at">, now: number): "never" | "always" | { readonly at: string } {
  const at = level.next_check_at;
  if (at === null) return "never";
  if (level.kind === "LASTS_AT_MOST") return "always";
  if (level.kind === "SUCCEEDS_WITHIN" && Date.parse(at) - now < ALL_THE_TIME_MS) return "always";
  return { at };
}

const HALF_A_DAY = 12 * 3_600_000;

/** Where to look for what was the matter when no run is named: around the time that it was due. */
export function aroundDue({ due_at }: Pick<Breach, "due_at">): { readonly from: string; readonly to: string } {
  const due = Date.parse(due_at);
  return { from: new Date(due - HALF_A_DAY).toISOString(), to: new Date(due + HALF_A_DAY).toISOString() };
}

/** A promise as it stands in the form. */
export interface LevelDraft {
  readonly kind: LevelKind;
  readonly time: string;
  readonly days: readonly Day[];
  readonly timezone: string;
  readonly span: Span;
}

export function newDraft(timezone: string): LevelDraft {
  return { kind: "FINISH_BY", time: "06:30", days: DAYS, timezone, span: { amount: "1", unit: "h" } };
}

export function draftOf(level: Level): LevelDraft {
  return {
    kind: level.kind,
    time: clockText(level.time_of_day ?? "06:30"),
    days: level.weekdays,
    timezone: level.timezone,
    span: spanOf(level.seconds ?? 3_600),
  };
}

type Said = Omit<LevelInput, "deployment_id" | "kind" | "paused">;

/** What it says, and what is wrong with which field. */
export function readDraft(draft: LevelDraft): { readonly said: Said; readonly problems: Readonly<Record<string, string>> } {
  const problems: Record<string, string> = {};
  if (!isByClock(draft.kind)) {
    const seconds = secondsOf(draft.span);
    if (seconds === null || seconds < 1) problems["seconds"] = "Enter a number above zero.";
    else if (seconds > MOST_SECONDS) problems["seconds"] = "Enter up to 366 days.";
    return { said: { seconds: seconds ?? 0 }, problems };
  }
  if (!/^\d\d:\d\d(:\d\d)?$/.test(draft.time)) problems["time_of_day"] = "Enter a time.";
  if (draft.days.length === 0) problems["weekdays"] = "Choose at least one day.";
  if (!isZone(draft.timezone)) problems["timezone"] = "No such time zone.";
  const time = draft.time.length === 5 ? `${draft.time}:00` : draft.time;
  return { said: { time_of_day: time, weekdays: DAYS.filter((day) => draft.days.includes(day)), timezone: draft.timezone }, problems };
}

/** What of it is said differently. */
export function changesOf(before: Level, said: Said): LevelChange {
  const old: Readonly<Record<string, unknown>> = before;
  return Object.fromEntries(Object.entries(said).filter(([name, value]) => JSON.stringify(old[name]) !== JSON.stringify(value)));
}
