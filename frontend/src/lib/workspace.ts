import { createContext, use } from "react";

import type { Schema } from "@/schema/wire/schema";

type Scope = Schema<"ScopesEnum">;

/** What every page of a workspace knows: which one, as whom, and what that person may do. */
export interface WorkspaceContextValue {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** The organisation that it belongs to, and that pays. */
  readonly account: { readonly id: string; readonly name: string };
  /** null when no built-in role says it all. */
  readonly role: string | null;
  /** In words, of roles of the account's own too. */
  readonly role_name: string;
  readonly archived_at: string | null;
  readonly scopes: readonly Scope[];
  readonly liveUrl: string;
}

export const WorkspaceContext = createContext<WorkspaceContextValue | null>(null);

export function useWorkspace(): WorkspaceContextValue {
  const value = use(WorkspaceContext);
  if (value === null) throw new Error("useWorkspace is for pages below /w/$workspace");
  return value;
}

/**
 * null when the scope is there, else the sentence that a disabled button shows. In what is archived
 * nothing is changed, but for what brings it back or ends it.
 */
export function workspaceDenial({ scopes, role, role_name, name, archived_at }: WorkspaceContextValue, scope: Scope, evenArchived = false): string | null {
  if (scopes.includes(scope)) return archived_at === null || evenArchived || scope.endsWith(":read") ? null : `${name} is archived: restore it first, in its settings.`;
  const held = role?.toLowerCase() ?? role_name;
  return held === "" ? `This needs the scope ${scope}.` : `Your role here is ${held}; this needs the scope ${scope}.`;
}

export function useDenial(scope: Scope, evenArchived = false): string | null {
  return workspaceDenial(useWorkspace(), scope, evenArchived);
}
