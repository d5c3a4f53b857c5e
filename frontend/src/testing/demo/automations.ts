import type { Attempt, Automation, Firing, Reason, Trigger, WireAction } from "@/schema/wire/automations";
import type { Channel } from "@/schema/wire/channels";
import type { Run } from "@/schema/wire/runs";

import { demoId, iso } from "./random";

const HOUR = 3_600_000;
const ADA = { id: "u1", name: "Ada Brandt", email: "ada@example.com" };

interface Named {
  readonly id: string;
}

export function makeAutomations(now: number, channels: readonly Channel[], deployments: readonly Named[]): Automation[] {
  const notify = (place: number): WireAction => ({
    type: "notify",
    channel_id: channels[place]?.id ?? "",
    subject: "{{ automation.name }}",
    body: "{{ firing.reason }}\n\n{{ url }}",
  });
  const make = (index: number, name: string, sentence: string, trigger: Trigger, actions: readonly WireAction[], rest: Partial<Automation> = {}): Automation => ({
    id: demoId(now, 300 + index),
    name,
    description: "",
    sentence,
    posture: trigger.type === "event" ? "reactive" : "proactive",
    trigger,
    actions,
    paused: false,
    paused_at: null,
    active_since: iso(now - 12 * 24 * HOUR),
    last_fired_at: null,
    trouble: null,
    standing: null,
    states: [],
    firings_7d: [0, 0, 0, 0, 0, 0, 0],
    version: 1,
    created_by: ADA,
    created_at: iso(now - 12 * 24 * HOUR),
    updated_at: iso(now - 12 * 24 * HOUR),
    secret: null,
    ...rest,
  });
  return [
    make(
      1,
      "Flights are late",
      "When table.updated with resource.name raw.flights does not happen within 1 day, notify on call and run load_flights/hourly.",
      { type: "absence", match: {}, after: null, expect: { name: ["table.updated"], "resource.name": ["raw.flights"] }, for_each: [], threshold: 1, within_seconds: 86_400, allow_late_seconds: 300 },
      [notify(0), { type: "run_deployment", deployment_id: deployments[0]?.id ?? "", parameters: { limit: 1000 } }],
      { description: "The airport sends nothing on some holidays. Look at the calendar before calling anybody.", last_fired_at: iso(now - 4 * HOUR), firings_7d: [0, 1, 0, 0, 2, 0, 1] },
    ),
    make(
      2,
      "Tests fail again and again",
      "When dbt.test.failed happens 3 times within 1 hour for the same resource.name, notify #data.",
      { type: "event", match: { name: ["dbt.test.failed"] }, for_each: ["resource.name"], threshold: 3, within_seconds: 3_600 },
      [notify(1)],
      { last_fired_at: iso(now - 25 * 60_000), firings_7d: [3, 5, 2, 0, 4, 9, 2], version: 4 },
    ),
    make(
      3,
      "Loads that never finish",
      "When load.started is not followed by load.finished within 2 hours for the same resource.name, call a webhook.",
      { type: "absence", match: {}, after: { name: ["load.started"] }, expect: { name: ["load.finished"] }, for_each: ["resource.name"], threshold: 1, within_seconds: 7_200, allow_late_seconds: 0 },
      [{ type: "webhook", url: "https://pager.example.com/v2/enqueue", body: null }],
      { paused: true, paused_at: iso(now - 30 * HOUR) },
    ),
  ];
}

export function makeFirings(now: number, automations: readonly Automation[], runs: readonly Run[]): Firing[] {
  const [late, tests] = automations;
  if (late === undefined || tests === undefined) return [];
  const of = ({ id, name, version }: Automation) => ({ automation: { id, name }, version });
  const attempt = (at: number, rest: Partial<Attempt>): Attempt => ({ action: 0, kind: "notify", number: 1, state: "SUCCEEDED", due_at: iso(at), started_at: iso(at + 20), ended_at: iso(at + 204), outcome: { ok: true, status: 200, error: null, retryable: false, detail: "", retry_after_seconds: null, duration_ms: 184 }, ...rest });
  const refused = { ok: false, status: 503, error: null, retryable: true, detail: "", retry_after_seconds: null, duration_ms: 91 };
  const absence = now - 4 * HOUR;
  const firings: Firing[] = [
    {
      id: demoId(absence, 401),
      ...of(late),
      key: [],
      fired_at: iso(absence),
      occurred_at: iso(absence),
      reason: {
        type: "absence",
        text: "table.updated with resource.name raw.flights happened not at all between yesterday 10:00 and today 10:00.",
        opened_by: null,
        window: { from: iso(absence - 24 * HOUR - 300_000), to: iso(absence - 300_000) },
        due_at: iso(absence),
        needed: 1,
        count: 0,
        seen: [],
      },
      attempts: [
        attempt(absence, {}),
        attempt(absence, { action: 1, kind: "run_deployment", outcome: { ok: true, status: null, error: null, retryable: false, detail: "", retry_after_seconds: null, duration_ms: 12, run_id: runs[0]?.id ?? "" } }),
      ],
    },
  ];
  for (let index = 0; index < 24; index += 1) {
    const at = now - 25 * 60_000 - index * 7 * HOUR;
    const table = index % 3 === 0 ? "mart.delays" : "raw.weather";
    const reason: Reason = {
      type: "threshold",
      text: `dbt.test.failed happened 3 times within 1 hour, for ${table}.`,
      events: [0, 1, 2].map((each) => ({ id: demoId(at, 500 + each), occurred_at: iso(at - (3 - each) * 240_000) })),
      count: 3,
      within_seconds: 3_600,
    };
    const attempts =
      index === 0
        ? [attempt(at, { state: "FAILED", outcome: refused }), attempt(at + 10_000, { number: 2, state: "PENDING", started_at: null, ended_at: null, outcome: null })]
        : index === 2
          ? [attempt(at, { state: "GAVE_UP", outcome: { ...refused, status: 404, retryable: false, detail: "no_service" } })]
          : [attempt(at, {})];
    firings.push({ id: demoId(at, 410 + index), ...of(tests), key: [table], fired_at: iso(at), occurred_at: iso(at - 240_000), reason, attempts });
  }
  return firings.sort((a, b) => b.fired_at.localeCompare(a.fired_at));
}
