import { splitTerms } from "@/lib/query-terms";
import { pathSteps, readTerm, type ReadTerm, type ReadValue } from "@/lib/read-term";

/** What of a query a trigger can ask, and what it can't. */
export interface TriggerOfQuery {
  /** `field:pattern`, one by one; patterns of one field are alternatives, `!` excludes. */
  readonly match: readonly string[];
  /** Terms that were left out, as they were written. */
  readonly left: readonly string[];
}

const FIELDS: Readonly<Record<string, string>> = {
  name: "name",
  source: "source",
  run: "run.id",
  task: "task_run.id",
  kind: "resource.kind",
  resource: "resource.name",
  namespace: "resource.namespace",
};
const RELATED: Readonly<Record<string, string>> = { related: "name", "related.kind": "kind", "related.namespace": "namespace" };

/** The query as conditions of an automation: exact values, beginnings and what is excluded. */
export function triggerOf(q: string): TriggerOfQuery {
  const terms = splitTerms(q).map((text) => ({ text, ...readTerm(text) }));
  const about = terms.filter(({ key }) => key === "role" || (key !== null && key in RELATED));
  const role = about.every((term) => term.key === "role" || patternsOf(term) !== null) ? roleOf(about) : null;
  const match: string[] = [];
  const left: string[] = [];
  const wanted = new Set<string>();
  for (const term of terms) {
    if (term.key === "role" && role !== null) continue; // it is part of the field of the other
    const field = fieldOf(term, role);
    const patterns = field === null ? null : patternsOf(term);
    // Patterns of one field are alternatives: a second term, which must hold as well, can't be said.
    if (field === null || patterns === null || (!term.isNegated && wanted.has(field))) {
      left.push(term.text);
      continue;
    }
    if (!term.isNegated) wanted.add(field);
    match.push(...patterns.map((pattern) => `${field}:${pattern}`));
  }
  return { match, left };
}

/** One role and one thing that has it: `role:reads related:orders`. */
function roleOf(terms: readonly ReadTerm[]): string | null {
  const [role, ...more] = terms.filter(({ key }) => key === "role");
  const [value, ...others] = role?.values ?? [];
  const isOne = more.length === 0 && others.length === 0 && terms.length === 2 && !terms.some(({ isNegated }) => isNegated);
  return isOne && value !== undefined && !isPrefix(value) && !value.text.includes(".") ? value.text : null;
}

function fieldOf({ key, operator }: ReadTerm, role: string | null): string | null {
  if (key === null || (operator !== "" && operator !== "=")) return null;
  const part = RELATED[key];
  if (part !== undefined) return role === null ? null : `related.${role}.${part}`;
  const [head, ...path] = pathSteps(key);
  if (head === "payload") return path.length > 0 && path.every((step) => step !== "" && !step.includes(".")) ? ["payload", ...path].join(".") : null;
  return FIELDS[key] ?? null;
}

function patternsOf({ key, values, isNegated }: ReadTerm): readonly string[] | null {
  const isSaid = (value: ReadValue) =>
    !value.text.startsWith("!") && // would exclude
    !(value.isQuoted && value.text.endsWith("*")) && // would be a beginning
    !(value.text === "none" && !value.isQuoted && (key === "run" || key === "task")) &&
    !(value.text === "exists" && !value.isQuoted && key?.startsWith("payload.") === true);
  if (values.length === 0 || !values.every(isSaid)) return null;
  return values.map(({ text }) => (isNegated ? `!${text}` : text));
}

function isPrefix({ text, isQuoted }: ReadValue): boolean {
  return !isQuoted && text.endsWith("*");
}
