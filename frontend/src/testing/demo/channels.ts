import type { Channel, Delivery, Outcome } from "@/schema/wire/channels";

import { demoId, iso } from "./random";

const ADA = { id: "u1", name: "Ada Brandt", email: "ada@example.com" };
const DONE: Outcome = { ok: true, status: 200, error: null, retryable: false, detail: "", retry_after_seconds: null, duration_ms: 184 };

export function makeDelivery(at: number, rest: Partial<Delivery> = {}): Delivery {
  return {
    id: demoId(at, 71),
    purpose: "MESSAGE",
    source: `firing:${demoId(at, 340)}:0`,
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

/** What was sent to a channel: the last message, and before it one in a while. */
export function makeDeliveries({ last_delivery: last, created_at }: Channel): Delivery[] {
  if (last === null) return [];
  const earlier: Delivery[] = [];
  for (let at = Date.parse(last.created_at) - 5 * 3_600_000; at > Date.parse(created_at) && earlier.length < 40; at -= 11 * 3_600_000) {
    const again = earlier.length % 9 === 3;
    earlier.push(makeDelivery(at, { id: demoId(at, 72 + earlier.length), ...(again ? { attempts: 3, subject: "3 tests failed within an hour" } : {}) }));
  }
  return [last, ...earlier];
}
