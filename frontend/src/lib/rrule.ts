export const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export const WEEKDAY_WORDS: Readonly<Record<Weekday, string>> = {
  MO: "Monday",
  TU: "Tuesday",
  WE: "Wednesday",
  TH: "Thursday",
  FR: "Friday",
  SA: "Saturday",
  SU: "Sunday",
};

export const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"] as const;

export const FREQUENCIES = ["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"] as const;
export type Frequency = (typeof FREQUENCIES)[number];

/** A rule as the form builds it; rules that say more are written as text. */
export interface RuleDraft {
  readonly freq: Frequency;
  readonly every: number;
  /** Of a weekly rule. */
  readonly days: readonly Weekday[];
  /** Of a monthly or yearly rule: a day by its number, or the nth weekday. */
  readonly on: "day" | "weekday";
  /** 1 to 31, or -1 for the last. */
  readonly day: number;
  /** 1 to 4, or -1 for the last. */
  readonly place: number;
  readonly weekday: Weekday;
  /** 1 to 12, of a yearly rule. */
  readonly month: number;
  /** "HH:MM"; of an hourly rule only the minute counts. */
  readonly time: string;
  readonly end: "never" | "count" | "until";
  readonly count: number;
  /** "YYYY-MM-DD", all of that day. */
  readonly until: string;
}

export const FIRST_RULE: RuleDraft = {
  freq: "MONTHLY",
  every: 1,
  days: ["MO"],
  on: "weekday",
  day: 1,
  place: -1,
  weekday: "FR",
  month: 1,
  time: "18:00",
  end: "never",
  count: 10,
  until: "",
};

/** The rule as RFC 5545 has it. */
export function ruleText(draft: RuleDraft): string {
  const [hour = 0, minute = 0] = draft.time.split(":").map(Number);
  const parts = [`FREQ=${draft.freq}`];
  if (draft.every > 1) parts.push(`INTERVAL=${draft.every}`);
  if (draft.freq === "YEARLY") parts.push(`BYMONTH=${draft.month}`);
  if (draft.freq === "WEEKLY") parts.push(`BYDAY=${WEEKDAYS.filter((day) => draft.days.includes(day)).join(",")}`);
  if (draft.freq === "MONTHLY" || draft.freq === "YEARLY") parts.push(draft.on === "day" ? `BYMONTHDAY=${draft.day}` : `BYDAY=${draft.place}${draft.weekday}`);
  if (draft.freq !== "HOURLY") parts.push(`BYHOUR=${hour}`);
  parts.push(`BYMINUTE=${minute}`);
  if (draft.end === "count") parts.push(`COUNT=${draft.count}`);
  if (draft.end === "until") parts.push(`UNTIL=${draft.until.replaceAll("-", "")}`);
  return parts.join(";");
}

const NUMBER = /^\d+$/;

/** The form's view of a rule; null for one that says more than the form can. */
export function ruleDraft(text: string): RuleDraft | null {
  const parts = new Map<string, string>();
  for (const part of text.toUpperCase().split(";")) {
    const [name = "", value = ""] = part.split("=");
    if (value === "" || parts.has(name)) return null;
    parts.set(name, value);
  }
  const take = (name: string) => {
    const value = parts.get(name);
    parts.delete(name);
    return value;
  };
  const takeNumber = (name: string) => {
    const value = take(name);
    return value !== undefined && NUMBER.test(value) ? Number(value) : value === undefined ? undefined : NaN;
  };
  const named = take("FREQ");
  const freq = FREQUENCIES.find((each) => each === named);
  if (freq === undefined) return null;
  const every = takeNumber("INTERVAL") ?? 1;
  const hour = freq === "HOURLY" ? 0 : takeNumber("BYHOUR");
  const minute = takeNumber("BYMINUTE");
  const month = freq === "YEARLY" ? takeNumber("BYMONTH") : 1;
  if (hour === undefined || minute === undefined || month === undefined) return null;
  const found = onOf(freq, take);
  const end = endOf(takeNumber("COUNT"), take("UNTIL"));
  if (found === null || end === null || parts.size > 0 || [every, hour, minute, month].some(Number.isNaN)) return null;
  const time = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
  return { ...FIRST_RULE, freq, every, month, time, ...found, ...end };
}

function onOf(freq: Frequency, take: (name: string) => string | undefined): Partial<RuleDraft> | null {
  if (freq === "HOURLY" || freq === "DAILY") return {};
  if (freq === "WEEKLY") {
    const days = (take("BYDAY") ?? "").split(",");
    return days.every(isWeekday) ? { days } : null;
  }
  const day = take("BYMONTHDAY");
  if (day !== undefined) return /^(-1|\d{1,2})$/.test(day) ? { on: "day", day: Number(day) } : null;
  const [, place, weekday = ""] = /^(-1|[1-4])([A-Z]{2})$/.exec(take("BYDAY") ?? "") ?? [];
  return place !== undefined && isWeekday(weekday) ? { on: "weekday", place: Number(place), weekday } : null;
}

function endOf(count: number | undefined, until: string | undefined): Partial<RuleDraft> | null {
  if (count !== undefined) return until === undefined && !Number.isNaN(count) ? { end: "count", count } : null;
  if (until === undefined) return { end: "never" };
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(until) ?? [];
  return year === undefined ? null : { end: "until", until: `${year}-${month}-${day}` };
}

function isWeekday(text: string): text is Weekday {
  return WEEKDAYS.some((day) => day === text);
}

const PLACE_WORDS: Readonly<Record<number, string>> = { 1: "first", 2: "second", 3: "third", 4: "fourth", [-1]: "last" };

export function placeWord(place: number): string {
  return PLACE_WORDS[place] ?? String(place);
}

/** "1st", "22nd", "last". */
export function ordinal(day: number): string {
  if (day === -1) return "last day";
  const ending = day % 100 >= 11 && day % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th");
  return `${day}${ending}`;
}

const UNIT_WORDS: Readonly<Record<Frequency, string>> = { HOURLY: "hour", DAILY: "day", WEEKLY: "week", MONTHLY: "month", YEARLY: "year" };
const WORKDAYS: readonly Weekday[] = ["MO", "TU", "WE", "TH", "FR"];

/** "every month on the last Friday at 18:00"; null for a rule that is clearer as text. */
export function ruleWords(text: string): string | null {
  const rule = ruleDraft(text);
  if (rule === null) return null;
  const unit = UNIT_WORDS[rule.freq];
  const often = rule.every === 1 ? `every ${unit}` : `every ${rule.every} ${unit}s`;
  const end = rule.end === "count" ? `, ${rule.count === 1 ? "once" : `${rule.count} times`}` : rule.end === "until" ? `, until ${rule.until}` : "";
  return `${often}${onWords(rule)}${rule.freq === "HOURLY" ? ` at :${rule.time.slice(3)}` : ` at ${rule.time}`}${end}`.replace("every week on weekdays", "every weekday");
}

function onWords(rule: RuleDraft): string {
  if (rule.freq === "WEEKLY") {
    const all = WORKDAYS.length === rule.days.length && WORKDAYS.every((day) => rule.days.includes(day));
    return all ? " on weekdays" : ` on ${listed(rule.days.map((day) => WEEKDAY_WORDS[day]))}`;
  }
  if (rule.freq !== "MONTHLY" && rule.freq !== "YEARLY") return "";
  const of = rule.freq === "YEARLY" ? ` of ${MONTHS[rule.month - 1] ?? ""}` : "";
  return rule.on === "day" ? ` on the ${ordinal(rule.day)}${of}` : ` on the ${placeWord(rule.place)} ${WEEKDAY_WORDS[rule.weekday]}${of}`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
