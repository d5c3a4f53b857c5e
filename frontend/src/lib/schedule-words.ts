import { MONTHS, ordinal, ruleWords } from "@/lib/rrule";
import { formatEvery } from "@/lib/time";
import { formatInZone, isZone } from "@/lib/zones";
import type { Schedule } from "@/schema/wire/deployments";

type Times = Pick<Schedule, "kind" | "cron" | "interval_seconds" | "timezone"> & Partial<Pick<Schedule, "rrule" | "once_at">>;

const WORDS: Readonly<Record<string, string>> = {
  "* * * * *": "every minute",
  "0 * * * *": "every hour",
  "0 0 * * *": "every day at 00:00",
};
const DAYS: Readonly<Record<string, string>> = { "*": "day", "1-5": "weekday", 0: "Sunday", 1: "Monday", 2: "Tuesday", 3: "Wednesday", 4: "Thursday", 5: "Friday", 6: "Saturday", 7: "Sunday", MON: "Monday", TUE: "Tuesday", WED: "Wednesday", THU: "Thursday", FRI: "Friday", SAT: "Saturday", SUN: "Sunday", "MON-FRI": "weekday" };

/** "every 5m", "every month on the last Friday at 18:00 Europe/Berlin", or the line itself when words would not be shorter. */
export function scheduleWords(schedule: Times): string {
  switch (schedule.kind) {
    case "INTERVAL":
      return formatEvery(schedule.interval_seconds ?? 0);
    case "RRULE":
      return `${ruleWords(schedule.rrule ?? "") ?? schedule.rrule ?? ""} ${schedule.timezone}`;
    case "ONCE": {
      const zone = isZone(schedule.timezone) ? schedule.timezone : "UTC";
      return schedule.once_at == null ? "once" : `once, ${formatInZone(schedule.once_at, zone)} ${schedule.timezone}`;
    }
    default:
      return cronWords(schedule.cron ?? "", schedule.timezone);
  }
}

function cronWords(cron: string, timezone: string): string {
  const known = WORDS[cron];
  if (known !== undefined) return known;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = cron.toUpperCase().split(/\s+/);
  const others = `${hour} ${day} ${month} ${weekday}`;
  const often = /^\*\/(\d+)$/.exec(minute);
  if (often !== null && others === "* * * *") return `every ${often[1]}m`;
  const hours = /^\*\/(\d+)$/.exec(hour);
  if (hours !== null && minute === "0" && `${day} ${month} ${weekday}` === "* * *") return `every ${hours[1]} hours ${timezone}`;
  if (/^\d+$/.test(minute) && others === "* * * *") return `every hour at :${minute.padStart(2, "0")}`;
  if (!/^\d{1,2}$/.test(minute) || !/^\d{1,2}$/.test(hour)) return `${cron} ${timezone}`;
  const at = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")} ${timezone}`;
  const dayWord = DAYS[weekday];
  if (day === "*" && month === "*" && dayWord !== undefined) return `every ${dayWord} at ${at}`;
  if (weekday === "*" && /^\d{1,2}$/.test(day)) {
    if (month === "*") return `every month on the ${ordinal(Number(day))} at ${at}`;
    const name = /^\d{1,2}$/.test(month) ? MONTHS[Number(month) - 1] : undefined;
    if (name !== undefined) return `every year on the ${ordinal(Number(day))} of ${name} at ${at}`;
  }
  return `${cron} ${timezone}`;
}
