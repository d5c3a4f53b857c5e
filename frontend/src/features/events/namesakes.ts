import type { ResourceAsked } from "@/features/events/model";

const TABLES = ["table", "view", "dataset"];

/** The kind by which the world view knows it: whatever holds rows is a table there. */
export function worldKind(kind: string): string {
  const known = kind.trim().toLowerCase();
  return TABLES.includes(known) ? "table" : known;
}

/**
 * What the world view is searched for. Of a table that is the name without its schema, which senders leave out or
 * spell in many ways; dots in other names (addresses, files) part nothing.
 */
export function namesakeText({ kind, name }: Pick<ResourceAsked, "kind" | "name">): string {
  const plain = name.trim().replace(/["`[\]]/g, "");
  return worldKind(kind) === "table" ? (plain.split(".").at(-1) ?? plain) : plain;
}

/** Whether what was found is called so, and not only begins or ends like it. */
export function isNamesake(found: { readonly name: string }, asked: Pick<ResourceAsked, "kind" | "name">): boolean {
  return namesakeText({ kind: asked.kind, name: found.name }).toLowerCase() === namesakeText(asked).toLowerCase();
}
