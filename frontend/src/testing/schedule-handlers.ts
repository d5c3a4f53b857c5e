import { http, HttpResponse } from "msw";

import { momentOf, offsetAt, wallOf } from "@/lib/zones";
import type { Calendar, Deployment, Schedule, ScheduleChange, ScheduleInput, SchedulePreviewInput } from "@/schema/wire/deployments";

import { refusal } from "./answers";
import { demoId, iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";
const DAY = 86_400_000;
const HOUR = 3_600_000;

function localOf(at: number, zone: string): string {
  const offset = offsetAt(at, zone);
  const most = Math.abs(offset);
  const pad = (part: number) => String(part).padStart(2, "0");
  return `${wallOf(at, zone)}:00${offset < 0 ? "-" : "+"}${pad(Math.floor(most / 60))}:${pad(most % 60)}`;
}

/** Near enough for a demo: intervals as they are, everything else at its hour of each day. */
function demoTimes(schedule: SchedulePreviewInput, after: number): number[] {
  const zone = schedule.timezone ?? "UTC";
  if (schedule.once_at !== undefined) return [Date.parse(schedule.once_at)];
  if (schedule.interval_seconds !== undefined) {
    const every = schedule.interval_seconds * 1000;
    return Array.from({ length: schedule.count }, (_, index) => after + (index + 1) * every);
  }
  const [minute = "*", hour = "*"] = schedule.cron?.split(/\s+/) ?? [/BYMINUTE=(\d+)/.exec(schedule.rrule ?? "")?.[1] ?? "0", /BYHOUR=(\d+)/.exec(schedule.rrule ?? "")?.[1] ?? "6"];
  if (hour === "*" || hour.startsWith("*/")) return Array.from({ length: schedule.count }, (_, index) => Math.ceil(after / HOUR) * HOUR + index * HOUR);
  const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  const times = Array.from({ length: schedule.count + 1 }, (_, index) => momentOf(`${wallOf(after + index * DAY, zone).slice(0, 10)}T${time}`, zone) ?? after);
  return times.filter((at) => at > after).slice(0, schedule.count);
}

export function scheduleHandlers(world: World) {
  const at = (id: unknown) => world.deploymentRows.findIndex((each) => each.schedules.some((schedule) => schedule.id === id));
  const keep = (index: number, change: (deployment: Deployment) => readonly Schedule[]) => {
    const found = world.deploymentRows[index];
    if (found !== undefined) world.deploymentRows[index] = { ...found, schedules: change(found) };
  };
  return [
    http.get(`${W}/schedules`, ({ request }) => {
      const url = new URL(request.url);
      const [since, until] = [Date.parse(url.searchParams.get("since") ?? ""), Date.parse(url.searchParams.get("until") ?? "")];
      const only = url.searchParams.get("deployment_id");
      const calendar: { items: Calendar["items"][number][]; dense: Calendar["dense"][number][] } = { items: [], dense: [] };
      for (const each of world.deploymentRows) {
        if (each.paused || (only !== null && only !== each.id)) continue;
        for (const { id, name, timezone, interval_seconds, cron } of each.schedules) {
          const item = { schedule_id: id, schedule_name: name, timezone, deployment: { id: each.id, name: each.name, flow: each.flow } };
          const times = { kind: "CRON", count: 170, timezone, ...(interval_seconds === null ? { cron: cron ?? "0 6 * * *" } : { interval_seconds }) } as const;
          if (interval_seconds !== null && interval_seconds < 7_200) calendar.dense.push({ ...item, due_at: iso(since), seconds_apart: interval_seconds });
          else calendar.items.push(...demoTimes(times, since).filter((due) => due < until).map((due) => ({ ...item, due_at: iso(due) })));
        }
      }
      calendar.items.sort((a, b) => a.due_at.localeCompare(b.due_at));
      return HttpResponse.json({ ...calendar, truncated: false });
    }),
    http.post(`${W}/schedules/preview`, async ({ request }) => {
      const asked = (await request.json()) as SchedulePreviewInput;
      if (asked.cron?.startsWith("99") === true) return refusal(400, "invalid_request", "The schedule's times cannot be understood.", { cron: ["Minute 99 is out of range."] });
      const after = Date.parse(asked.anchor_at ?? "") || Date.now();
      return HttpResponse.json({ times: demoTimes(asked, after).map((due) => ({ due_at: iso(due), local: localOf(due, asked.timezone ?? "UTC") })) });
    }),
    http.post(`${W}/deployments/:id/schedules`, async ({ params, request }) => {
      const given = (await request.json()) as ScheduleInput;
      const index = world.deploymentRows.findIndex((each) => each.id === params["id"]);
      if (world.deploymentRows[index]?.schedules.some((each) => each.name !== "" && each.name === given.name) === true) {
        return refusal(400, "invalid_request", "The deployment has a schedule of this name.", { name: ["Another one has this name."] });
      }
      const now = Date.now();
      const times = { ...given, count: 1 };
      const made: Schedule = {
        id: demoId(now, 910 + (world.deploymentRows[index]?.schedules.length ?? 0)),
        kind: given.kind,
        cron: given.cron ?? null,
        interval_seconds: given.interval_seconds ?? null,
        anchor_at: given.anchor_at ?? null,
        rrule: given.rrule ?? null,
        once_at: given.once_at ?? null,
        timezone: given.timezone ?? "UTC",
        name: given.name ?? "",
        jitter_seconds: given.jitter_seconds ?? 0,
        missed_policy: given.missed_policy ?? "LATEST",
        missed_cap: given.missed_cap ?? 10,
        parameters: given.parameters ?? {},
        paused: false,
        declared: false,
        fault: null,
        next_at: iso(demoTimes(times, now)[0] ?? now),
      };
      keep(index, (deployment) => [...deployment.schedules, made]);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(`${W}/schedules/:id`, async ({ params, request }) => {
      const change = (await request.json()) as ScheduleChange;
      const index = at(params["id"]);
      if (index === -1) return refusal(404, "not_found", "There is no such schedule.");
      keep(index, (deployment) => deployment.schedules.map((each) => (each.id === params["id"] ? { ...each, ...change } : each)));
      return HttpResponse.json(world.deploymentRows[index]?.schedules.find((each) => each.id === params["id"]));
    }),
    http.delete(`${W}/schedules/:id`, ({ params }) => {
      keep(at(params["id"]), (deployment) => deployment.schedules.filter((each) => each.id !== params["id"]));
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
