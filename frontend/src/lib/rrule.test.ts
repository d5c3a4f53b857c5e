import { describe, expect, it } from "vitest";

import { FIRST_RULE, ordinal, ruleDraft, ruleText, ruleWords, type RuleDraft } from "./rrule";
import { scheduleWords } from "./schedule-words";

describe("rules as a form", () => {
  it.each<[Partial<RuleDraft>, string, string]>([
    [{}, "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18;BYMINUTE=0", "every month on the last Friday at 18:00"],
    [{ freq: "DAILY", every: 2, time: "06:30" }, "FREQ=DAILY;INTERVAL=2;BYHOUR=6;BYMINUTE=30", "every 2 days at 06:30"],
    [{ freq: "WEEKLY", days: ["WE", "MO"], time: "09:05" }, "FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9;BYMINUTE=5", "every week on Monday and Wednesday at 09:05"],
    [{ freq: "WEEKLY", days: ["MO", "TU", "WE", "TH", "FR"], time: "07:00" }, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=7;BYMINUTE=0", "every weekday at 07:00"],
    [{ on: "day", day: -1, end: "count", count: 12 }, "FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=18;BYMINUTE=0;COUNT=12", "every month on the last day at 18:00, 12 times"],
    [{ freq: "YEARLY", month: 3, on: "day", day: 22 }, "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=22;BYHOUR=18;BYMINUTE=0", "every year on the 22nd of March at 18:00"],
    [{ freq: "HOURLY", every: 6, time: "00:15", end: "until", until: "2027-01-31" }, "FREQ=HOURLY;INTERVAL=6;BYMINUTE=15;UNTIL=20270131", "every 6 hours at :15, until 2027-01-31"],
  ])("writes %j as %s and reads it back", (change, text, words) => {
    const draft = { ...FIRST_RULE, ...change };

    expect(ruleText(draft)).toBe(text);
    expect(ruleText(ruleDraft(text) ?? FIRST_RULE)).toBe(text);
    expect(ruleWords(text)).toBe(words);
  });

  it.each([
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=18;BYMINUTE=0",
    "FREQ=DAILY;BYHOUR=6,18;BYMINUTE=0",
    "FREQ=DAILY",
    "FREQ=SECONDLY",
    "nonsense",
    "",
  ])("leaves %s as text", (text) => {
    expect(ruleDraft(text)).toBeNull();
    expect(ruleWords(text)).toBeNull();
  });

  it("counts days", () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31, -1].map(ordinal)).toEqual(["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "31st", "last day"]);
  });
});

describe("schedules in words", () => {
  const none = { cron: null, interval_seconds: null, rrule: null, once_at: null, timezone: "UTC" };

  it.each([
    [{ ...none, kind: "INTERVAL", interval_seconds: 300 } as const, "every 5m"],
    [{ ...none, kind: "CRON", cron: "*/10 * * * *" } as const, "every 10m"],
    [{ ...none, kind: "CRON", cron: "15 * * * *" } as const, "every hour at :15"],
    [{ ...none, kind: "CRON", cron: "0 */6 * * *" } as const, "every 6 hours UTC"],
    [{ ...none, kind: "CRON", cron: "30 6 * * *", timezone: "Europe/Berlin" } as const, "every day at 06:30 Europe/Berlin"],
    [{ ...none, kind: "CRON", cron: "0 9 * * 1-5" } as const, "every weekday at 09:00 UTC"],
    [{ ...none, kind: "CRON", cron: "0 9 * * mon" } as const, "every Monday at 09:00 UTC"],
    [{ ...none, kind: "CRON", cron: "0 9 1 * *" } as const, "every month on the 1st at 09:00 UTC"],
    [{ ...none, kind: "CRON", cron: "0 9 1 4 *" } as const, "every year on the 1st of April at 09:00 UTC"],
    [{ ...none, kind: "CRON", cron: "0 0 L * *" } as const, "0 0 L * * UTC"],
    [{ ...none, kind: "RRULE", rrule: "FREQ=WEEKLY;BYDAY=SU;BYHOUR=4;BYMINUTE=0", timezone: "Europe/Berlin" } as const, "every week on Sunday at 04:00 Europe/Berlin"],
    [{ ...none, kind: "RRULE", rrule: "FREQ=MINUTELY;BYMINUTE=0,30" } as const, "FREQ=MINUTELY;BYMINUTE=0,30 UTC"],
    [{ ...none, kind: "ONCE", once_at: "2031-01-01T05:00:00Z", timezone: "Europe/Berlin" } as const, "once, Wed 1 Jan 2031, 06:00 Europe/Berlin"],
  ])("says %j as %s", (schedule, words) => {
    expect(scheduleWords(schedule)).toBe(words);
  });
});
