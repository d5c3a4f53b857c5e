import { listOf, oneOf, textOf } from "@/lib/search-params";
import { isPreset, type Preset } from "@/lib/time";
import { plural } from "@/lib/units";
import type { StateKind } from "@/lib/run-state";
import { AGGREGATES, type Aggregate } from "@/schema/wire/telemetry";
import type { ActionKind, Attempt, AttemptState, AutomationRow, PreviewEvent } from "@/schema/wire/automations";

export const LIST_TABS = ["rules", "history"] as const;
export type ListTab = (typeof LIST_TABS)[number];

export interface AutomationsSearch {
  readonly tab?: ListTab | undefined;
  readonly q?: string | undefined;
  /** The opened firing. */
  readonly firing?: string | undefined;
}

export function parseAutomationsSearch(search: Record<string, unknown>): AutomationsSearch {
  return { tab: oneOf(search["tab"], LIST_TABS), q: textOf(search["q"]), firing: textOf(search["firing"]) };
}

export const PAGE_TABS = ["history", "edit"] as const;
export type PageTab = (typeof PAGE_TABS)[number];

export interface AutomationSearch {
  readonly tab?: PageTab | undefined;
  readonly firing?: string | undefined;
  /** How far back the preview looks. */
  readonly range?: Preset | undefined;
}

const presetOf = (value: unknown): Preset | undefined => (isPreset(value) ? value : undefined);

export function parseAutomationSearch(search: Record<string, unknown>): AutomationSearch {
  return { tab: oneOf(search["tab"], PAGE_TABS), firing: textOf(search["firing"]), range: presetOf(search["range"]) };
}

/** What a new automation begins with: an event that somebody came from, or what they looked for. */
export interface NewAutomationSearch {
  readonly name?: string | undefined;
  readonly resource?: string | undefined;
  /** `field:pattern`, one by one. */
  readonly match?: readonly string[] | undefined;
  /** What was looked for and no trigger can say. */
  readonly left?: readonly string[] | undefined;
  readonly range?: Preset | undefined;
  /** Or a metric, as it was looked at. */
  readonly metric?: string | undefined;
  readonly aggregate?: Aggregate | undefined;
  /** Each as label=value. */
  readonly where?: readonly string[] | undefined;
  readonly by?: readonly string[] | undefined;
}

export function parseNewAutomationSearch(search: Record<string, unknown>): NewAutomationSearch {
  const list = (value: unknown) => (listOf(value).length === 0 ? undefined : listOf(value));
  return {
    name: textOf(search["name"]),
    resource: textOf(search["resource"]),
    match: list(search["match"]),
    left: list(search["left"]),
    range: presetOf(search["range"]),
    metric: textOf(search["metric"]),
    aggregate: oneOf(search["aggregate"], AGGREGATES),
    where: list(search["where"]),
    by: list(search["by"]),
  };
}

export function filterAutomations(rows: readonly AutomationRow[], q: string | undefined): AutomationRow[] {
  const needle = (q ?? "").toLowerCase();
  return rows.filter((row) => `${row.name} ${row.sentence}`.toLowerCase().includes(needle));
}

export function firedInWeek(row: Pick<AutomationRow, "firings_7d">): number {
  return row.firings_7d.reduce((sum, count) => sum + count, 0);
}

export const ACTION_WORDS: Readonly<Record<ActionKind, string>> = {
  run_deployment: "Run a deployment",
  cancel_run: "Cancel the run",
  notify: "Notify a channel",
  webhook: "Call a webhook",
};

export const ATTEMPT_STATES: Readonly<Record<AttemptState, { readonly kind: StateKind; readonly word: string }>> = {
  PENDING: { kind: "pending", word: "Waiting" },
  RUNNING: { kind: "running", word: "Under way" },
  SUCCEEDED: { kind: "completed", word: "Done" },
  FAILED: { kind: "late", word: "Failed, to be tried again" },
  GAVE_UP: { kind: "failed", word: "Gave up" },
};

/** The tries of each action, in the order of the actions. */
export function byAction(attempts: readonly Attempt[]): { readonly action: number; readonly kind: ActionKind; readonly tries: readonly Attempt[] }[] {
  const places = [...new Set(attempts.map((attempt) => attempt.action))].sort((a, b) => a - b);
  return places.flatMap((action) => {
    const tries = attempts.filter((attempt) => attempt.action === action).sort((a, b) => a.number - b.number);
    const [first] = tries;
    return first === undefined ? [] : [{ action, kind: first.kind, tries }];
  });
}

/** What became of a firing's actions, as few words. */
export function attemptsAnswer(attempts: readonly Attempt[]): { readonly kind: StateKind; readonly text: string } {
  const last = byAction(attempts).flatMap(({ tries }) => tries.at(-1)?.state ?? []);
  const count = (state: AttemptState) => last.filter((each) => each === state).length;
  if (last.length === 0) return { kind: "completed", text: "nothing to do" };
  if (count("GAVE_UP") > 0) return { kind: "failed", text: `${count("GAVE_UP")} of ${plural(last.length, "action")} failed` };
  const open = last.length - count("SUCCEEDED");
  const again = byAction(attempts).filter(({ tries }) => tries.length > 1 && tries.at(-1)?.state !== "SUCCEEDED").length;
  if (again > 0) return { kind: "late", text: `${again} of ${plural(last.length, "action")} tried again` };
  if (open > 0) return { kind: count("RUNNING") > 0 ? "running" : "pending", text: `${open} of ${plural(last.length, "action")} under way` };
  return { kind: "completed", text: `${plural(last.length, "action")} done` };
}

const FIELDS = ["resource.kind", "resource.name", "resource.namespace", "source", "run.id", "task_run.id"];
const DEEPEST = 4;

/** Fields that conditions may speak of: those that all events have, and those that these ones carry. */
export function knownFields(events: readonly PreviewEvent[]): string[] {
  const found = new Set<string>();
  const walk = (value: unknown, path: string, depth: number) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) found.add(path);
    else if (depth < DEEPEST) for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`, depth + 1);
  };
  for (const event of events) {
    for (const related of event.related) found.add(`related.${related.role}.name`);
    for (const [key, value] of Object.entries(event.payload)) walk(value, `payload.${key}`, 1);
  }
  return [...FIELDS, ...[...found].sort()];
}
