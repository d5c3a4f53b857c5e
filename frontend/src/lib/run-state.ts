export const STATE_TYPES = [
  "SCHEDULED",
  "PENDING",
  "RUNNING",
  "PAUSED",
  "CANCELLING",
  "COMPLETED",
  "FAILED",
  "CRASHED",
  "CANCELLED",
] as const;
export type StateType = (typeof STATE_TYPES)[number];

/** What a person tells apart by colour and shape; several names of one kind share both and differ by word. */
export const STATE_KINDS = [
  "failed",
  "crashed",
  "late",
  "running",
  "pending",
  "paused",
  "cancelling",
  "held",
  "scheduled",
  "completed",
  "cancelled",
] as const;
export type StateKind = (typeof STATE_KINDS)[number];

interface StateFacts {
  readonly kind: StateKind;
  readonly type: StateType;
  readonly word: string;
}

const STATES = {
  SCHEDULED: { kind: "scheduled", type: "SCHEDULED", word: "Scheduled" },
  LATE: { kind: "late", type: "SCHEDULED", word: "Late" },
  AWAITING_RETRY: { kind: "scheduled", type: "SCHEDULED", word: "Awaiting retry" },
  HELD: { kind: "held", type: "SCHEDULED", word: "Held" },
  PENDING: { kind: "pending", type: "PENDING", word: "Pending" },
  RUNNING: { kind: "running", type: "RUNNING", word: "Running" },
  RETRYING: { kind: "running", type: "RUNNING", word: "Retrying" },
  PAUSED: { kind: "paused", type: "PAUSED", word: "Paused" },
  SUSPENDED: { kind: "paused", type: "PAUSED", word: "Suspended" },
  AWAITING_APPROVAL: { kind: "paused", type: "PAUSED", word: "Awaiting approval" },
  CANCELLING: { kind: "cancelling", type: "CANCELLING", word: "Cancelling" },
  COMPLETED: { kind: "completed", type: "COMPLETED", word: "Completed" },
  CACHED: { kind: "completed", type: "COMPLETED", word: "Cached" },
  SKIPPED: { kind: "completed", type: "COMPLETED", word: "Skipped" },
  FAILED: { kind: "failed", type: "FAILED", word: "Failed" },
  TIMED_OUT: { kind: "failed", type: "FAILED", word: "Timed out" },
  CRASHED: { kind: "crashed", type: "CRASHED", word: "Crashed" },
  CANCELLED: { kind: "cancelled", type: "CANCELLED", word: "Cancelled" },
} as const satisfies Record<string, StateFacts>;

export type StateName = keyof typeof STATES;
export const STATE_NAMES = Object.keys(STATES) as StateName[];

const UNKNOWN: StateFacts = { kind: "scheduled", type: "SCHEDULED", word: "Unknown" };

/** A state the server learned after this page was built still renders, under its own name. */
export function stateFacts(name: string): StateFacts {
  return name in STATES ? STATES[name as StateName] : { ...UNKNOWN, word: name };
}

export function kindOf(name: string): StateKind {
  return stateFacts(name).kind;
}

export function wordOf(name: string): string {
  return stateFacts(name).word;
}

const KIND_OF_TYPE: Readonly<Record<StateType, StateKind>> = {
  SCHEDULED: "scheduled",
  PENDING: "pending",
  RUNNING: "running",
  PAUSED: "paused",
  CANCELLING: "cancelling",
  COMPLETED: "completed",
  FAILED: "failed",
  CRASHED: "crashed",
  CANCELLED: "cancelled",
};

export function kindOfType(type: string): StateKind {
  return type in KIND_OF_TYPE ? KIND_OF_TYPE[type as StateType] : "scheduled";
}

export function kindWord(kind: StateKind): string {
  return kind.charAt(0).toUpperCase() + kind.slice(1);
}

/** The state names that a chosen kind stands for in a filter. */
export function namesOf(kinds: readonly StateKind[]): StateName[] {
  return STATE_NAMES.filter((name) => kinds.includes(STATES[name].kind));
}

export function isKind(value: unknown): value is StateKind {
  return STATE_KINDS.some((kind) => kind === value);
}

const FINAL: readonly StateType[] = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"];

export function isFinal(type: string): boolean {
  return FINAL.some((each) => each === type);
}

/** Bottom to top in a stacked bar: what went well is the ground, trouble sits on top where it is seen. */
export const STACK_ORDER: readonly StateType[] = [
  "COMPLETED",
  "RUNNING",
  "PENDING",
  "SCHEDULED",
  "PAUSED",
  "CANCELLING",
  "CANCELLED",
  "CRASHED",
  "FAILED",
];

export function stateColor(kind: StateKind): string {
  return `var(--state-${kind})`;
}
