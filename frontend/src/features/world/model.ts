import { listOf, oneOf, textOf } from "@/lib/search-params";
import { parseRange, type RangeSearch, type Span } from "@/lib/time";
import type { Graph, GraphLine, GraphNode, Impact, WorldResource } from "@/schema/wire/world";

export const DIRECTIONS = ["both", "up", "down"] as const;
export type Direction = (typeof DIRECTIONS)[number];
export const DEPTHS = ["1", "2", "3", "4"] as const;
export const DEFAULT_DEPTH = "2";
const MOST_OPEN = 12;

/** How runs touch a thing, as far as one asks for it by itself. */
export const TOUCHES = ["writes", "reads"] as const;
export type Touching = (typeof TOUCHES)[number];

export interface ResourceSearch {
  /** Of the runs that touched it: only those that did so. */
  readonly runs?: Touching | undefined;
}

export function parseResourceSearch(search: Record<string, unknown>): ResourceSearch {
  return { runs: oneOf(search["runs"], TOUCHES) };
}

const DATA: ReadonlySet<string> = new Set(["table", "file", "bucket", "model", "dashboard"]);

/** What runs are expected to touch: nobody wonders which of them wrote a person. */
export function holdsData(kind: string): boolean {
  return DATA.has(kind);
}

export interface WorldSearch extends RangeSearch {
  readonly focus?: string | undefined;
  readonly direction?: Direction | undefined;
  readonly depth?: (typeof DEPTHS)[number] | undefined;
  /** What of the list: kinds and text. */
  readonly kind?: readonly string[] | undefined;
  readonly q?: string | undefined;
  readonly columns?: "yes" | undefined;
  readonly queries?: "yes" | undefined;
  /** The moment whose graph is shown; now, without. */
  readonly at?: string | undefined;
  /** Resources whose hidden neighbours were asked for. */
  readonly open?: readonly string[] | undefined;
}

export function parseWorldSearch(search: Record<string, unknown>): WorldSearch {
  const kinds = listOf(search["kind"]);
  const open = listOf(search["open"]).slice(0, MOST_OPEN);
  return {
    ...parseRange(search),
    focus: textOf(search["focus"]),
    direction: oneOf(search["direction"], DIRECTIONS),
    depth: oneOf(search["depth"], DEPTHS),
    kind: kinds.length === 0 ? undefined : kinds,
    q: textOf(search["q"]),
    columns: oneOf(search["columns"], ["yes"]),
    queries: oneOf(search["queries"], ["yes"]),
    at: momentOf(search["at"]),
    open: open.length === 0 ? undefined : open,
  };
}

function momentOf(value: unknown): string | undefined {
  const text = textOf(value);
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return at >= 0 && at <= LATEST ? new Date(at).toISOString() : undefined;
}

const LATEST = Date.parse("2199-12-31T00:00:00Z");
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HOURLY_UP_TO_MS = 3 * DAY_MS;

/** The moments that one can drag through: hours of a young world, days of an older one; the last is now. */
export function momentsBetween(first: number, now: number): readonly number[] {
  const step = now - first <= HOURLY_UP_TO_MS ? HOUR_MS : DAY_MS;
  const begin = Math.floor(first / step) * step + step;
  const moments: number[] = [];
  for (let at = begin; at < now; at += step) moments.push(at);
  return [...moments, now];
}

/** What was seen by then, or in a range of the same length that ends then. */
export function spanAt(at: string | undefined, ranged: Span | null): Span | null {
  if (at === undefined) return ranged;
  const until = Date.parse(at);
  const length = ranged === null ? until : Date.parse(ranged.to) - Date.parse(ranged.from);
  return { from: new Date(Math.max(until - length, 0)).toISOString(), to: at };
}

/** Without a wish the list leaves out what there are thousands of; who looks for a text finds all. */
const USUAL = ["table", "dashboard", "deployment", "flow", "job", "model", "service", "user", "database", "file", "bucket"] as const;

export function kindsAsked({ kind, q }: WorldSearch): readonly string[] | undefined {
  return kind ?? (q === undefined ? USUAL : undefined);
}

interface KindLook {
  readonly word: string;
  readonly many: string;
  /** A path of 24 by 24. */
  readonly icon: string;
  readonly color: string;
}

const TABLE_ICON = "M4 5h16v14H4ZM4 10h16M10 10v9";
const LOOKS: Readonly<Record<string, KindLook>> = {
  table: { word: "Table", many: "tables", icon: TABLE_ICON, color: "var(--series-1)" },
  column: { word: "Column", many: "columns", icon: "M9 4h6v16H9Z", color: "var(--series-8)" },
  database: { word: "Database", many: "databases", icon: "M5 6.5C5 4 19 4 19 6.5v11C19 20 5 20 5 17.5ZM5 6.5C5 9 19 9 19 6.5M5 12c0 2.5 14 2.5 14 0", color: "var(--series-8)" },
  user: { word: "Person", many: "people", icon: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5", color: "var(--series-4)" },
  query: { word: "Query", many: "queries", icon: "m5 7 5 5-5 5M12 18h7", color: "var(--series-8)" },
  dashboard: { word: "Dashboard", many: "dashboards", icon: "M4 4h7v9H4ZM13 4h7v5h-7ZM13 11h7v9h-7ZM4 15h7v5H4Z", color: "var(--series-7)" },
  deployment: { word: "Deployment", many: "deployments", icon: "M12 3 4 7.2v9.6L12 21l8-4.2V7.2ZM4 7.2l8 4.3 8-4.3M12 11.5V21", color: "var(--series-2)" },
  flow: { word: "Flow", many: "flows", icon: "M5 4.5v15l13.5-7.5Z", color: "var(--series-2)" },
  job: { word: "Job", many: "jobs", icon: "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM12 3v3M12 18v3M3 12h3M18 12h3", color: "var(--series-3)" },
  service: { word: "Service", many: "services", icon: "M4 5h16v5H4ZM4 14h16v5H4Z", color: "var(--series-5)" },
  model: { word: "Model", many: "models", icon: "m12 4 8.5 4.5L12 13 3.5 8.5ZM3.5 13 12 17.5 20.5 13", color: "var(--series-7)" },
  file: { word: "File", many: "files", icon: "M6 3.5h8l4 4v13H6ZM14 3.5v4h4", color: "var(--series-6)" },
  bucket: { word: "Bucket", many: "buckets", icon: "M5 6h14l-2 14H7ZM5 6c0-2 14-2 14 0", color: "var(--series-6)" },
};

/** How a kind is written and drawn; ones that nobody foresaw have their own word. */
export function lookOf(kind: string): KindLook {
  return LOOKS[kind] ?? { word: kind.charAt(0).toUpperCase() + kind.slice(1), many: `${kind}s`, icon: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16Z", color: "var(--series-8)" };
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The id of the deployment or flow that it is, if it is one of ours: their names are ids. */
export function ownId({ kind, name }: Pick<WorldResource, "kind" | "name">): string | null {
  return (kind === "deployment" || kind === "flow") && UUID.test(name) ? name : null;
}

export interface Names {
  readonly short: string;
  /** What stands before it: schema and database, or the flow of a deployment. */
  readonly under: string;
}

/** The part of a label that people say, and the rest. */
export function namesOf({ kind, label, name }: Pick<WorldResource, "kind" | "label" | "name">): Names {
  if (kind === "table") {
    const at = label.lastIndexOf(".");
    return at < 0 ? { short: label, under: "" } : { short: label.slice(at + 1), under: label.slice(0, at) };
  }
  if (kind === "deployment") {
    const at = label.lastIndexOf("/");
    return at < 0 ? { short: label, under: "" } : { short: label.slice(0, at), under: label.slice(at + 1) };
  }
  if (kind === "column") {
    const at = label.lastIndexOf(".");
    return { short: label.slice(at + 1), under: label.slice(0, Math.max(at, 0)) };
  }
  return { short: label === "" ? name : label, under: "" };
}

/** What was asked for around one of the nodes, put beside what there is. */
export interface Opened {
  readonly id: string;
  readonly graph: Graph;
}

export interface Merged {
  readonly nodes: readonly GraphNode[];
  readonly lines: readonly GraphLine[];
}

/** One graph of several: what is in the first keeps its place, what the others add stands from theirs. */
export function mergeGraphs(base: Graph, opened: readonly Opened[]): Merged {
  const nodes = new Map(base.nodes.map((node) => [node.id, node]));
  const lines = new Map(base.lines.map((line) => [keyOf(line), line]));
  for (const { id, graph } of opened) {
    const anchor = nodes.get(id);
    if (anchor === undefined) continue;
    for (const node of graph.nodes) {
      const known = nodes.get(node.id);
      if (known === undefined) nodes.set(node.id, { ...node, level: anchor.level + node.level });
    }
    for (const line of graph.lines) lines.set(keyOf(line), line);
    nodes.set(id, { ...anchor, more_up: 0, more_down: 0 });
  }
  const drawn = [...lines.values()].filter((line) => nodes.has(line.source_id) && nodes.has(line.target_id));
  return { nodes: [...nodes.values()], lines: drawn };
}

function keyOf(line: GraphLine): string {
  return `${line.source_id} ${line.role} ${line.target_id}`;
}

/** Who is affected, in one sentence. */
export function impactSentence(impact: Impact): string {
  const parts = Object.entries(impact.counts).map(([kind, count]) => `${count} ${count === 1 ? lookOf(kind).word.toLowerCase() : lookOf(kind).many}`);
  if (parts.length === 0) return "Nothing that is known depends on it.";
  const last = parts.at(-1) ?? "";
  const list = parts.length === 1 ? last : `${parts.slice(0, -1).join(", ")} and ${last}`;
  const alone = !impact.truncated && Object.values(impact.counts).reduce((sum, count) => sum + count, 0) === 1;
  return `${impact.truncated ? "At least " : ""}${list} ${alone ? "depends" : "depend"} on it.`;
}

/** What a graph of one thing alone means; `when`: "by then", or null for all that is known. */
export function aloneSentence(direction: Direction, when: string | null): string {
  if (direction === "up") return when === null ? "No source of it is known." : `No source of it was seen ${when}.`;
  if (direction === "down") return when === null ? "Nothing that is known depends on it." : `Nothing was seen to depend on it ${when}.`;
  return when === null ? "Nothing is known around it." : `Nothing was seen around it ${when}.`;
}

const ROLE_WORDS: Readonly<Record<string, string>> = {
  reads: "reads",
  writes: "writes",
  depends_on: "depends on",
  executed_by: "executed by",
  on: "on",
  part_of: "part of",
  owned_by: "owned by",
  produces: "produces",
  uses: "uses",
  touches: "touches",
};

export function roleWord(role: string): string {
  return ROLE_WORDS[role] ?? role.replaceAll("_", " ");
}

/** The resource that a page opens with: the table that is named most. */
export function bestFocus(resources: readonly WorldResource[]): string | undefined {
  const tables = resources.filter((each) => each.kind === "table");
  const among = tables.length > 0 ? tables : resources;
  return among.reduce<WorldResource | undefined>((best, each) => (best === undefined || each.count > best.count ? each : best), undefined)?.id;
}
