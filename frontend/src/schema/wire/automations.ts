import type { Schema } from "./schema";
import type { Aggregate, Point, ResourceRef } from "./telemetry";

/** Patterns by field; OpenAPI says "an object", docs/automations.md says which. */
export type WireMatcher = Readonly<Record<string, readonly (string | number | boolean)[]>>;

export interface EventTrigger {
  readonly type: "event";
  readonly match: WireMatcher;
  readonly for_each: readonly string[];
  readonly threshold: number;
  readonly within_seconds: number;
}

export interface AbsenceTrigger {
  readonly type: "absence";
  readonly match: WireMatcher;
  readonly after: WireMatcher | null;
  readonly expect: WireMatcher;
  readonly for_each: readonly string[];
  readonly threshold: number;
  readonly within_seconds: number;
  readonly allow_late_seconds: number;
}

export type MetricSide = "above" | "below" | "absent" | "at_least";

export interface MetricTrigger {
  readonly type: "metric";
  readonly metric: string;
  readonly aggregate: Aggregate;
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly for_each: readonly string[];
  /** Null over a month. */
  readonly within_seconds: number | null;
  /** From its beginning on, in place of the last while. */
  readonly over: "month" | null;
  readonly is: MetricSide;
  readonly threshold: number | null;
  readonly for_seconds: number;
  readonly resolve_at: number | null;
  readonly tell_resolved: boolean;
  readonly allow_late_seconds: number;
}

export type EventsTrigger = EventTrigger | AbsenceTrigger;
export type Trigger = EventsTrigger | MetricTrigger;

export type WireAction =
  | { readonly type: "run_deployment"; readonly deployment_id: string; readonly parameters: Readonly<Record<string, unknown>> }
  | { readonly type: "cancel_run"; readonly run_id: string }
  | { readonly type: "notify"; readonly channel_id: string; readonly subject: string; readonly body: string }
  | { readonly type: "webhook"; readonly url: string; readonly body: string | null };

export type ActionKind = Schema<"ActionKindEnum">;
export type AttemptState = Schema<"AttemptStateEnum">;
export type Attempt = Schema<"AttemptOutput">;
export type AutomationRow = Omit<Schema<"AutomationRowOutput">, "trigger"> & { readonly trigger: Trigger };
export type Automation = Omit<Schema<"AutomationOutput">, "trigger" | "actions"> & {
  readonly trigger: Trigger;
  readonly actions: readonly WireAction[];
};

interface NamedEvent {
  readonly id: string;
  readonly occurred_at: string;
}

/** Why a rule held. */
export type Reason =
  | {
      readonly type: "event" | "threshold";
      readonly text: string;
      readonly events: readonly NamedEvent[];
      readonly count: number;
      readonly within_seconds: number;
    }
  | {
      readonly type: "absence";
      readonly text: string;
      readonly opened_by: NamedEvent | null;
      readonly window: { readonly from: string; readonly to: string };
      readonly due_at: string;
      readonly needed: number;
      readonly count: number;
      readonly seen: readonly string[];
    }
  | {
      readonly type: "metric";
      readonly text: string;
      readonly state: "firing" | "resolved";
      readonly metric: string;
      readonly aggregate: Aggregate;
      readonly is: MetricSide;
      readonly value: number | null;
      readonly threshold: number | null;
      readonly series: Readonly<Record<string, string>>;
      readonly window: { readonly from: string; readonly to: string };
      readonly since: string;
      readonly count: number;
      /** Of a month so far, as 2026-11. */
      readonly month?: string;
      readonly currency?: string;
    };

export type MetricState = Schema<"MetricStateOutput">;
export type Firing = Omit<Schema<"FiringOutput">, "reason"> & { readonly reason: Reason };
export type WouldFire = Omit<Schema<"WouldFireOutput">, "reason"> & { readonly reason: Reason };
export type PreviewEvent = Omit<Schema<"PreviewEventOutput">, "resource" | "related"> & {
  readonly resource: ResourceRef | null;
  readonly related: readonly (ResourceRef & { readonly role: string })[];
};
export type PreviewLine = Omit<Schema<"PreviewLineOutput">, "points"> & { readonly points: readonly Point[] };
export type Preview = Omit<Schema<"PreviewOutput">, "events" | "would_fire" | "lines"> & {
  readonly lines: readonly PreviewLine[];
  readonly events: readonly PreviewEvent[];
  readonly would_fire: readonly WouldFire[];
};
