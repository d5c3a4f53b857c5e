import { http, HttpResponse } from "msw";

import type { Retention, Storage, StoredKind } from "@/schema/wire/storage";

const W = "*/api/v1/workspaces/:workspace";
const DAY_MS = 86_400_000;
const DAYS = 30;

function kind(name: StoredKind["kind"], perDay: number, size: number, compression: number | null): StoredKind {
  const days = Array.from({ length: DAYS }, (_, index) => {
    const rows = Math.round(perDay * (1 + 0.4 * Math.sin(index)));
    return { day: new Date(Date.now() - (DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10), rows, bytes: rows * size };
  });
  const sum = (of: (day: (typeof days)[number]) => number) => days.reduce((total, day) => total + of(day), 0);
  return { kind: name, rows: sum((day) => day.rows), bytes: sum((day) => day.bytes), compression, plan_days: DAYS, own_days: null, kept_days: DAYS, is_estimate: false, days };
}

export function storageHandlers() {
  let kinds = [{ ...kind("runs", 9_000, 640, null), is_estimate: true }, kind("events", 42_000, 381, 8.7), kind("logs", 120_000, 260, 11.2), kind("metrics", 400_000, 120, null)];
  return [
    http.get(`${W}/storage`, () => HttpResponse.json({ compresses: true, kinds } satisfies Storage)),
    http.put(`${W}/storage/retention`, async ({ request }) => {
      const { kind: wanted, days } = (await request.json()) as { kind: string; days: number | null };
      const found = kinds.find((each) => each.kind === wanted);
      if (found === undefined) return new HttpResponse(null, { status: 404 });
      const kept = days ?? found.plan_days;
      const dropped = found.days.slice(0, Math.max(found.days.length - kept, 0));
      const body: Retention = {
        kind: found.kind,
        own_days: days,
        kept_days: kept,
        dropped_days: dropped.length,
        dropped_rows: dropped.reduce((sum, day) => sum + day.rows, 0),
        dropped_bytes: dropped.reduce((sum, day) => sum + (day.bytes ?? 0), 0),
      };
      if (new URL(request.url).searchParams.get("preview") !== "true") {
        kinds = kinds.map((each) => (each === found ? { ...each, own_days: days, kept_days: kept, days: each.days.slice(-kept) } : each));
      }
      return HttpResponse.json(body);
    }),
  ];
}
