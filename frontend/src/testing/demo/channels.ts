import type { Channel, Delivery, Outcome } from "@/schema/wire/channels";

import { demoId, iso } from "./random";

const ADA = { id: "u1", name: "Ada Brandt", email: "ada@example.com" };
const DONE: Outcome = { ok: true, status: 200, error: null, retryable: false, detail: "", retry_after_seconds: null, duration_ms: 184 };

export function makeDelivery(at: number, rest: Partial<Delivery> = {}): Delivery {
  return {
    id: demoId(at, 71),
    purpose: "MESSAGE",
    subject: "raw.flights is late",
    state: "DELIVERED",
    attempts: 1,
    interrupted: 0,
    created_at: iso(at),
    started_at: iso(at),
    ended_at: iso(at + 184),
    outcome: DONE,
    ...rest,
  };
}

export function makeChannels(now: number): Channel[] {
  const base = { created_by: ADA, created_at: iso(now - 20 * 86_400_000), updated_at: iso(now - 20 * 86_400_000) };
  const refused: Outcome = { ...DONE, ok: false, status: 404, detail: "no_service" };
  return [
    { ...base, id: demoId(now, 61), name: "on call", kind: "EMAIL", config: { to: ["a…@example.com", "j…@example.com"] }, last_delivery: makeDelivery(now - 4_000_000) },
    { ...base, id: demoId(now, 62), name: "#data", kind: "SLACK", config: { url: "https://hooks.slack.com/…" }, last_delivery: makeDelivery(now - 900_000, { state: "FAILED", outcome: refused }) },
    { ...base, id: demoId(now, 63), name: "pager", kind: "WEBHOOK", config: { url: "https://pager.example.com/…" }, last_delivery: null },
  ];
}
