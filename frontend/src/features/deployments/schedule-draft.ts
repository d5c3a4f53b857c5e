import { initialValues, type Field, type RawValues } from "@/components/form/schema";
import { readForm } from "@/components/form/validate";
import { FIRST_RULE, ruleDraft, ruleText, type RuleDraft } from "@/lib/rrule";
import { secondsOf, spanOf, type Span } from "@/lib/spans";
import { isZone, momentOf, wallOf } from "@/lib/zones";
import type { Schedule, ScheduleChange, ScheduleInput, SchedulePreviewInput } from "@/schema/wire/deployments";

/** A schedule as it stands in the form. Moments are what the wall of its own time zone shows. */
export interface ScheduleDraft {
  readonly kind: Schedule["kind"];
  readonly cron: string;
  readonly interval: Span;
  /** Empty: from now on. */
  readonly anchor: string;
  readonly rule: RuleDraft;
  /** The rule in its own words, for what the form can't build. */
  readonly asText: boolean;
  readonly rrule: string;
  readonly once: string;
  readonly timezone: string;
  readonly name: string;
  readonly jitter: Span;
  readonly missed: Schedule["missed_policy"];
  readonly cap: string;
  /** The parameters that it sets itself. */
  readonly own: readonly string[];
  readonly values: RawValues;
}

export interface ReadSchedule {
  readonly input: ScheduleInput;
  readonly problems: Readonly<Record<string, string>>;
}

const HOUR = 3_600_000;
export const MOST_JITTER = 86_400;
export const MOST_MISSED = 100;

export function newDraft(fields: readonly Field[], parameters: Readonly<Record<string, unknown>>, zone: string, now: number): ScheduleDraft {
  return {
    kind: "CRON",
    cron: "0 6 * * *",
    interval: { amount: "15", unit: "m" },
    anchor: "",
    rule: FIRST_RULE,
    asText: false,
    rrule: ruleText(FIRST_RULE),
    once: `${wallOf(now + 24 * HOUR, zone).slice(0, 11)}06:00`,
    timezone: zone,
    name: "",
    jitter: spanOf(0),
    missed: "LATEST",
    cap: "10",
    own: [],
    values: initialValues(fields, parameters),
  };
}

export function draftOf(schedule: Schedule, fields: readonly Field[], parameters: Readonly<Record<string, unknown>>, now: number): ScheduleDraft {
  const zone = isZone(schedule.timezone) ? schedule.timezone : "UTC";
  const first = newDraft(fields, parameters, zone, now);
  const rule = schedule.rrule === null ? FIRST_RULE : ruleDraft(schedule.rrule);
  return {
    ...first,
    kind: schedule.kind,
    cron: schedule.cron ?? first.cron,
    interval: schedule.interval_seconds === null ? first.interval : spanOf(schedule.interval_seconds),
    anchor: schedule.anchor_at === null ? "" : wallOf(Date.parse(schedule.anchor_at), zone),
    rule: rule ?? FIRST_RULE,
    asText: rule === null,
    rrule: schedule.rrule ?? first.rrule,
    once: schedule.once_at === null ? first.once : wallOf(Date.parse(schedule.once_at), zone),
    timezone: schedule.timezone,
    name: schedule.name,
    jitter: spanOf(schedule.jitter_seconds),
    missed: schedule.missed_policy,
    cap: String(schedule.missed_cap),
    own: Object.keys(schedule.parameters),
    values: initialValues(fields, { ...parameters, ...schedule.parameters }),
  };
}

/** What it would say, and what is wrong with which field. */
export function readDraft(draft: ScheduleDraft, fields: readonly Field[]): ReadSchedule {
  const problems: Record<string, string> = {};
  const times = readTimes(draft, problems);
  if (!isZone(draft.timezone)) problems["timezone"] = "No such time zone.";
  const jitter = secondsOf(draft.jitter);
  if (jitter === null || jitter > MOST_JITTER) problems["jitter_seconds"] = "Enter up to a day.";
  const cap = Number(draft.cap);
  if (draft.missed === "ALL" && !(Number.isInteger(cap) && cap >= 1 && cap <= MOST_MISSED)) problems["missed_cap"] = `Enter 1 to ${MOST_MISSED}.`;
  const form = readForm(
    fields.filter((field) => draft.own.includes(field.name)),
    draft.values,
  );
  for (const [name, problem] of Object.entries(form.problems)) problems[`parameters.${name}`] = problem;
  return {
    input: {
      kind: draft.kind,
      ...times,
      timezone: draft.timezone,
      name: draft.name.trim(),
      jitter_seconds: jitter ?? 0,
      missed_policy: draft.missed,
      ...(draft.missed === "ALL" ? { missed_cap: cap } : {}),
      parameters: form.parameters,
    },
    problems,
  };
}

type Times = Omit<SchedulePreviewInput, "kind" | "timezone" | "count">;

function readTimes(draft: ScheduleDraft, problems: Record<string, string>): Times {
  switch (draft.kind) {
    case "CRON": {
      const cron = draft.cron.trim();
      if (cron.split(/\s+/).length !== 5) problems["cron"] = "Five fields, separated by spaces.";
      return { cron };
    }
    case "INTERVAL": {
      const seconds = secondsOf(draft.interval);
      if (seconds === null || seconds < 1) problems["interval_seconds"] = "Enter a number above zero.";
      return { interval_seconds: seconds ?? 0, ...anchorOf(draft, problems) };
    }
    case "RRULE": {
      const rrule = draft.asText ? draft.rrule.trim() : ruleText(draft.rule);
      const problem = draft.asText ? (rrule === "" ? "Enter a rule." : null) : ruleProblem(draft.rule);
      if (problem !== null) problems["rrule"] = problem;
      return { rrule, ...anchorOf(draft, problems) };
    }
    default: {
      const at = momentOf(draft.once, draft.timezone);
      if (at === null) problems["once_at"] = "Enter a date and a time.";
      return { once_at: at === null ? "" : new Date(at).toISOString() };
    }
  }
}

function anchorOf(draft: ScheduleDraft, problems: Record<string, string>): { anchor_at?: string } {
  if (draft.anchor === "") return {};
  const at = momentOf(draft.anchor, draft.timezone);
  if (at !== null) return { anchor_at: new Date(at).toISOString() };
  problems["anchor_at"] = "Enter a date and a time, or nothing.";
  return {};
}

function ruleProblem(rule: RuleDraft): string | null {
  if (!Number.isInteger(rule.every) || rule.every < 1) return "Say every how many.";
  if (rule.freq === "WEEKLY" && rule.days.length === 0) return "Choose a day of the week.";
  if (!/^\d\d:\d\d$/.test(rule.time)) return "Enter a time.";
  if (rule.end === "count" && !(Number.isInteger(rule.count) && rule.count >= 1)) return "Say how many times.";
  if (rule.end === "until" && rule.until === "") return "Say until which day.";
  return null;
}

/** What a preview is asked with: the times only. */
export function previewOf({ kind, cron, interval_seconds, anchor_at, rrule, once_at, timezone }: ScheduleInput, count: number): SchedulePreviewInput {
  return {
    kind,
    count,
    ...(cron === undefined ? {} : { cron }),
    ...(interval_seconds === undefined ? {} : { interval_seconds }),
    ...(anchor_at === undefined ? {} : { anchor_at }),
    ...(rrule === undefined ? {} : { rrule }),
    ...(once_at === undefined ? {} : { once_at }),
    ...(timezone === undefined ? {} : { timezone }),
  };
}

const MINUTE = 60_000;

/** What of a schedule is said differently; what it was not asked about stays as it is. */
export function changesOf(before: Schedule, { kind: _kind, ...after }: ScheduleInput): ScheduleChange {
  const old: Readonly<Record<string, unknown>> = before;
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => {
      const was = old[name];
      // The form knows minutes; a moment of the same minute is not another one.
      if (name.endsWith("_at") && typeof was === "string" && typeof value === "string") return Math.floor(Date.parse(was) / MINUTE) !== Math.floor(Date.parse(value) / MINUTE);
      return JSON.stringify(was) !== JSON.stringify(value);
    }),
  );
}

export interface DueRow {
  readonly at: string;
  /** Minutes by which the clock was set since the time before; 0 where it was not. */
  readonly shift: number;
  readonly offset: number;
}

/** The times of a preview, marking those before which the clocks of the zone change. */
export function dueRows(times: readonly { readonly due_at: string; readonly local: string }[], offsetNow: number): DueRow[] {
  let before = offsetNow;
  return times.map(({ due_at, local }) => {
    const offset = offsetOf(local);
    const shift = offset - before;
    before = offset;
    return { at: due_at, shift, offset };
  });
}

/** "…+05:30" → 330 */
function offsetOf(local: string): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)(?::\d\d)?$/.exec(local) ?? [];
  return hours === undefined ? 0 : (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
