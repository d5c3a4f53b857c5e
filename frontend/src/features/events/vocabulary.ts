import { pathStep, type Vocabulary } from "@/lib/query-terms";
import type { EventItem } from "@/schema/wire/telemetry";

const KEYS = ["name", "kind", "resource", "namespace", "role", "related", "related.kind", "related.namespace", "run", "task", "source", "id", "follows"];
const DEEPEST = 4;
const MOST_VALUES = 50;
const LONGEST_VALUE = 60;

type Seen = Pick<EventItem, "name" | "resource" | "related" | "payload" | "source">;

/** What can be asked for, from the events that are loaded and the names in the range. */
export function vocabularyOf(events: readonly Seen[], names: readonly string[]): Vocabulary {
  const values = new Map<string, Set<string>>(KEYS.map((key) => [key, new Set<string>()]));
  const add = (key: string, value: string | null | undefined) => {
    const seen = values.get(key) ?? new Set();
    values.set(key, seen);
    if (value !== null && value !== undefined && value !== "" && value.length <= LONGEST_VALUE && seen.size < MOST_VALUES) seen.add(value);
  };
  for (const name of names) add("name", name);
  values.set("run", new Set(["none"]));
  for (const event of events) {
    add("name", event.name);
    add("source", event.source);
    add("kind", event.resource?.kind);
    add("resource", event.resource?.name);
    add("namespace", event.resource?.namespace);
    for (const each of event.related) {
      add("role", each.role);
      add("related", each.name);
      add("related.kind", each.kind);
      add("related.namespace", each.namespace);
    }
    walk("payload", event.payload, add, 0);
  }
  return { keys: [...values.keys()], values: Object.fromEntries([...values].map(([key, seen]) => [key, [...seen]])) };
}

function walk(path: string, value: unknown, add: (key: string, value: string | null) => void, depth: number): void {
  if (Array.isArray(value)) {
    const [first] = value as readonly unknown[]; // lists are looked into without an index
    walk(path, first, add, depth);
  } else if (typeof value === "object" && value !== null) {
    if (depth === DEEPEST) return;
    for (const [key, inner] of Object.entries(value)) walk(`${path}.${pathStep(key)}`, inner, add, depth + 1);
  } else if (depth > 0) {
    add(path, typeof value === "string" ? value : null);
  }
}
