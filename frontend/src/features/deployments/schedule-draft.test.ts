import { describe, expect, it } from "vitest";

import { fieldsOf } from "@/components/form/schema";
import type { Schedule } from "@/schema/wire/deployments";
import { DEMO_SCHEMA } from "@/testing/demo/world";

import { changesOf, draftOf, dueRows, newDraft, previewOf, readDraft, type ScheduleDraft } from "./schedule-draft";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const fields = fieldsOf(DEMO_SCHEMA);
const fresh = newDraft(fields, { day: "2026-01-01", airports: ["EWR"] }, "Europe/Berlin", NOW);
const SCHEDULE: Schedule = {
  id: "s1",
  kind: "INTERVAL",
  cron: null,
  interval_seconds: 5_400,
  anchor_at: "2026-11-01T05:00:30.123456Z",
  rrule: null,
  once_at: null,
  timezone: "Europe/Berlin",
  name: "often",
  jitter_seconds: 90,
  missed_policy: "ALL",
  missed_cap: 3,
  parameters: { limit: 5 },
  paused: false,
  declared: true,
  fault: null,
  next_at: null,
};

describe("what the form says", () => {
  it.each<[Partial<ScheduleDraft>, object]>([
    [{}, { kind: "CRON", cron: "0 6 * * *" }],
    [{ kind: "INTERVAL", interval: { amount: "1.5", unit: "h" }, anchor: "2026-11-22T06:00" }, { kind: "INTERVAL", interval_seconds: 5_400, anchor_at: "2026-11-22T05:00:00.000Z" }],
    [{ kind: "RRULE" }, { kind: "RRULE", rrule: "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18;BYMINUTE=0" }],
    [{ kind: "RRULE", asText: true, rrule: " FREQ=DAILY " }, { kind: "RRULE", rrule: "FREQ=DAILY" }],
    [{ kind: "ONCE", once: "2027-01-01T06:00" }, { kind: "ONCE", once_at: "2027-01-01T05:00:00.000Z" }],
  ])("sends %j as %j, and nothing of the other kinds", (change, times) => {
    const { input, problems } = readDraft({ ...fresh, ...change }, fields);

    expect(problems).toEqual({});
    expect(input).toEqual({ ...times, timezone: "Europe/Berlin", name: "", jitter_seconds: 0, missed_policy: "LATEST", parameters: {} });
    expect(previewOf(input, 20)).toEqual({ ...times, timezone: "Europe/Berlin", count: 20 });
  });

  it.each<[Partial<ScheduleDraft>, string]>([
    [{ cron: "6 * * *" }, "cron"],
    [{ kind: "INTERVAL", interval: { amount: "0", unit: "m" } }, "interval_seconds"],
    [{ kind: "RRULE", rule: { ...fresh.rule, freq: "WEEKLY", days: [] } }, "rrule"],
    [{ kind: "RRULE", rule: { ...fresh.rule, end: "until", until: "" } }, "rrule"],
    [{ kind: "ONCE", once: "" }, "once_at"],
    [{ timezone: "Mars/Olympus" }, "timezone"],
    [{ jitter: { amount: "25", unit: "h" } }, "jitter_seconds"],
    [{ missed: "ALL", cap: "101" }, "missed_cap"],
    [{ own: ["limit"], values: { ...fresh.values, limit: "0" } }, "parameters.limit"],
  ])("says what is wrong with %j", (change, field) => {
    expect(Object.keys(readDraft({ ...fresh, ...change }, fields).problems)).toEqual([field]);
  });

  it("sends the parameters that it sets itself, and how many missed ones", () => {
    const { input } = readDraft({ ...fresh, own: ["limit"], values: { ...fresh.values, limit: "7" }, missed: "ALL", cap: "3" }, fields);

    expect(input).toMatchObject({ parameters: { limit: 7 }, missed_policy: "ALL", missed_cap: 3 });
  });
});

describe("changing a schedule", () => {
  it("says nothing when nothing was changed, to the second that the form does not know", () => {
    const { input, problems } = readDraft(draftOf(SCHEDULE, fields, {}, NOW), fields);

    expect(problems).toEqual({});
    expect(changesOf(SCHEDULE, input)).toEqual({});
  });

  it("names only what is said differently", () => {
    const draft = draftOf(SCHEDULE, fields, {}, NOW);
    const { input } = readDraft({ ...draft, interval: { amount: "2", unit: "h" }, own: [] }, fields);

    expect(changesOf(SCHEDULE, input)).toEqual({ interval_seconds: 7_200, parameters: {} });
  });

  it("keeps a rule that the form can't build as text", () => {
    const odd = { ...SCHEDULE, kind: "RRULE", interval_seconds: null, rrule: "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1;BYHOUR=6;BYMINUTE=0" } as const;

    expect(draftOf(odd, fields, {}, NOW)).toMatchObject({ asText: true, rrule: odd.rrule });
  });
});

it("marks where the clocks change between the times", () => {
  const times = [
    { due_at: "2026-03-28T01:30:00Z", local: "2026-03-28T02:30:00+01:00" },
    { due_at: "2026-03-29T01:00:00Z", local: "2026-03-29T03:00:00+02:00" },
    { due_at: "2026-03-30T00:30:00Z", local: "2026-03-30T02:30:00+02:00" },
  ];

  expect(dueRows(times, 60).map((row) => row.shift)).toEqual([0, 60, 0]);
  expect(dueRows(times.slice(1), 60).map((row) => row.shift)).toEqual([60, 0]);
  expect(dueRows([{ due_at: "2026-11-02T05:00:00Z", local: "2026-11-02T00:00:00-05:00" }], -240)[0]).toMatchObject({ shift: -60, offset: -300 });
});
