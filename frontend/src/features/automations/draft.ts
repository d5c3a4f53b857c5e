import { lengthOf, secondsOf, type Faults, type Length } from "@/features/automations/length";
import { emptyMetric, metricDraftOf, metricFaults, metricTriggerOf, type MetricDraft, type MetricStart } from "@/features/automations/metric-draft";
import type { AbsenceTrigger, ActionKind, Automation, Trigger, WireAction, WireMatcher } from "@/schema/wire/automations";

/** One condition: the field is any of these patterns. */
export interface Clause {
  readonly field: string;
  readonly patterns: readonly string[];
}

export type Clauses = readonly Clause[];

/** Something happens · something doesn't follow on something · something stops happening · a number is off. */
export type TriggerKind = "event" | "after" | "silence" | "metric";

export interface ActionDraft {
  /** Tells the forms of a list apart while it changes; never sent. */
  readonly key: number;
  readonly type: ActionKind;
  readonly deploymentId: string;
  /** JSON, as typed. */
  readonly parameters: string;
  /** By field of the form, what is not what the deployment takes. */
  readonly parameterProblems: Readonly<Record<string, string>>;
  readonly runId: string;
  readonly channelId: string;
  readonly subject: string;
  readonly body: string;
  readonly url: string;
}

export interface Draft {
  readonly name: string;
  readonly description: string;
  readonly kind: TriggerKind;
  /** What happens, or what is expected. */
  readonly events: Clauses;
  /** What begins the wait. */
  readonly after: Clauses;
  /** What both of them have to meet. */
  readonly common: Clauses;
  readonly forEach: readonly string[];
  readonly threshold: number;
  readonly within: Length;
  readonly late: Length;
  readonly metric: MetricDraft;
  readonly actions: readonly ActionDraft[];
}

export const DEFAULT_SUBJECT = "{{ automation.name }}";
export const DEFAULT_BODY = "{{ firing.reason }}\n\n{{ url }}";

let keys = 0;

export function emptyAction(type: ActionKind): ActionDraft {
  keys += 1;
  return {
    key: keys,
    type,
    deploymentId: "",
    parameters: "{}",
    parameterProblems: {},
    runId: "{{ event.run_id }}",
    channelId: "",
    subject: type === "notify" ? DEFAULT_SUBJECT : "",
    body: type === "notify" ? DEFAULT_BODY : "",
    url: "",
  };
}

export interface DraftStart extends MetricStart {
  readonly name?: string | undefined;
  readonly resource?: string | undefined;
  /** `field:pattern`, one by one. */
  readonly match?: readonly string[] | undefined;
}

function clausesFrom(match: readonly string[]): Clause[] {
  const fields = new Map<string, string[]>();
  for (const each of match) {
    const colon = each.indexOf(":");
    if (colon > 0) fields.set(each.slice(0, colon), [...(fields.get(each.slice(0, colon)) ?? []), each.slice(colon + 1)]);
  }
  return [...fields].map(([field, patterns]) => ({ field, patterns }));
}

export function emptyDraft(start: DraftStart = {}): Draft {
  const clauses = [
    ...clausesFrom(start.match ?? []),
    ...(start.name === undefined ? [] : [{ field: "name", patterns: [start.name] }]),
    ...(start.resource === undefined ? [] : [{ field: "resource.name", patterns: [start.resource] }]),
  ];
  return {
    name: "",
    description: "",
    kind: start.metric === undefined ? "event" : "metric",
    events: clauses,
    after: [],
    common: [],
    forEach: [],
    threshold: 1,
    within: { count: 10, unit: "m" },
    late: { count: 0, unit: "m" },
    metric: emptyMetric(start),
    actions: [],
  };
}

function clausesOf(matcher: WireMatcher | null): Clause[] {
  return Object.entries(matcher ?? {}).map(([field, patterns]) => ({ field, patterns: patterns.map(String) }));
}

/** Conditions without a field or a pattern are not yet any. */
function matcherOf(clauses: Clauses): Record<string, string[]> {
  const matcher: Record<string, string[]> = {};
  for (const { field, patterns } of clauses) {
    if (field.trim() !== "" && patterns.length > 0) (matcher[field.trim()] ??= []).push(...patterns);
  }
  return matcher;
}

export function draftOf({ name, description, trigger, actions }: Pick<Automation, "name" | "description" | "trigger" | "actions">): Draft {
  const shared = { ...emptyDraft(), name, description, actions: actions.map(actionDraft) };
  if (trigger.type === "metric") return { ...shared, kind: "metric", metric: metricDraftOf(trigger) };
  const base = { ...shared, forEach: trigger.for_each, threshold: trigger.threshold, within: lengthOf(trigger.within_seconds) };
  if (trigger.type === "event") return { ...base, kind: "event", events: clausesOf(trigger.match) };
  return {
    ...base,
    kind: trigger.after === null ? "silence" : "after",
    events: clausesOf(trigger.expect),
    after: clausesOf(trigger.after),
    common: clausesOf(trigger.match),
    late: trigger.allow_late_seconds === 0 ? base.late : lengthOf(trigger.allow_late_seconds),
  };
}

function actionDraft(action: WireAction): ActionDraft {
  const empty = emptyAction(action.type);
  switch (action.type) {
    case "run_deployment":
      return { ...empty, deploymentId: action.deployment_id, parameters: JSON.stringify(action.parameters, null, 2) };
    case "cancel_run":
      return { ...empty, runId: action.run_id };
    case "notify":
      return { ...empty, channelId: action.channel_id, subject: action.subject, body: action.body };
    case "webhook":
      return { ...empty, url: action.url, body: action.body ?? "" };
  }
}

/** The trigger to send; null while it says too little to be asked for. */
export function triggerOf(draft: Draft): Trigger | null {
  if (draft.kind === "metric") return metricTriggerOf(draft.metric);
  const events = matcherOf(draft.events);
  const shared = {
    for_each: draft.forEach,
    threshold: draft.threshold,
    within_seconds: secondsOf(draft.within),
  };
  if (!(shared.threshold >= 1) || !(shared.within_seconds >= 1)) return null;
  if (draft.kind === "event") return isEmpty(events) ? null : { type: "event", match: events, ...shared };
  const common = matcherOf(draft.common);
  const after = draft.kind === "after" ? matcherOf(draft.after) : null;
  if (isEmpty(events) && isEmpty(common)) return null;
  if (after !== null && isEmpty(after) && isEmpty(common)) return null;
  const absence: AbsenceTrigger = { type: "absence", match: common, after, expect: events, ...shared, allow_late_seconds: secondsOf(draft.late) };
  return absence;
}

function isEmpty(matcher: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(matcher).length === 0;
}

export function wireAction(action: ActionDraft): WireAction {
  switch (action.type) {
    case "run_deployment":
      return { type: "run_deployment", deployment_id: action.deploymentId, parameters: parametersOf(action.parameters) ?? {} };
    case "cancel_run":
      return { type: "cancel_run", run_id: action.runId };
    case "notify":
      return { type: "notify", channel_id: action.channelId, subject: action.subject, body: action.body };
    case "webhook":
      return { type: "webhook", url: action.url.trim(), body: action.body === "" ? null : action.body };
  }
}

/** The object that the text is as JSON, or null. */
export function parametersOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = text.trim() === "" ? {} : JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** What is missing before the draft can be sent, by the server's names of the places. */
export function draftFaults(draft: Draft): Faults {
  const faults: Record<string, string[]> = {};
  if (draft.name.trim() === "") faults["name"] = ["Give it a name."];
  if (draft.kind === "metric") Object.assign(faults, metricFaults(draft.metric));
  else Object.assign(faults, eventFaults(draft));
  draft.actions.forEach((action, place) => {
    const at = `actions.${place}`;
    if (action.type === "run_deployment" && action.deploymentId === "") faults[`${at}.deployment_id`] = ["Choose a deployment."];
    if (action.type === "run_deployment" && parametersOf(action.parameters) === null) faults[`${at}.parameters`] = ["This is not a JSON object."];
    if (action.type === "run_deployment" && Object.keys(action.parameterProblems).length > 0) faults[`${at}.parameters`] = ["Something of it is not what the deployment takes."];
    if (action.type === "notify" && action.channelId === "") faults[`${at}.channel_id`] = ["Choose a channel."];
    if (action.type === "webhook" && action.url.trim() === "") faults[`${at}.url`] = ["Say which address is called."];
  });
  return faults;
}

function eventFaults(draft: Draft): Faults {
  const faults: Record<string, string[]> = {};
  if (isEmpty(matcherOf(draft.events)) && (draft.kind === "event" || isEmpty(matcherOf(draft.common)))) {
    faults[draft.kind === "event" ? "trigger.match" : "trigger.expect"] = [draft.kind === "event" ? "Say which events." : "Say which events are expected."];
  }
  if (draft.kind === "after" && isEmpty(matcherOf(draft.after)) && isEmpty(matcherOf(draft.common))) {
    faults["trigger.after"] = ["Say after which events."];
  }
  if (!(draft.threshold >= 1)) faults["trigger.threshold"] = ["1 or more."];
  if (!(secondsOf(draft.within) >= 1)) faults["trigger.within_seconds"] = ["Say how long."];
  return faults;
}

/** What is said about a place and about all within it. */
export function faultsAt(faults: Faults, place: string): string | undefined {
  const said = Object.entries(faults).flatMap(([at, texts]) => (at === place || at.startsWith(`${place}.`) ? texts : []));
  return said.length === 0 ? undefined : [...new Set(said)].join(" ");
}

const PLACES = /^(name|description|trigger\.(match|expect|after|for_each|threshold|within_seconds|allow_late_seconds|metric|where|for_seconds|resolve_at)|actions\.\d+\.(deployment_id|parameters|run_id|channel_id|subject|body|url))(\.|$)/;

/** Refusals of places that the form does not have. */
export function placelessFaults(faults: Faults): string[] {
  return Object.entries(faults).flatMap(([place, texts]) => (PLACES.test(place) ? [] : texts.map((text) => `${place}: ${text}`)));
}
