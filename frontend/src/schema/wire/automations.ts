import type { Schema } from "./schema";
import type { ResourceRef } from "./telemetry";

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

export type Trigger = EventTrigger | AbsenceTrigger;

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
    };

export type Firing = Omit<Schema<"FiringOutput">, "reason"> & { readonly reason: Reason };
export type WouldFire = Omit<Schema<"WouldFireOutput">, "reason"> & { readonly reason: Reason };
export type PreviewEvent = Omit<Schema<"PreviewEventOutput">, "resource" | "related"> & {
  readonly resource: ResourceRef | null;
  readonly related: readonly (ResourceRef & { readonly role: string })[];
};
export type Preview = Omit<Schema<"PreviewOutput">, "events" | "would_fire"> & {
  readonly events: readonly PreviewEvent[];
  readonly would_fire: readonly WouldFire[];
};
