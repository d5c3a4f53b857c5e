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
  /** null for an API key that carries scopes of its own. */
  readonly role: string | null;
  readonly scopes: readonly Scope[];
  readonly liveUrl: string;
}

export const WorkspaceContext = createContext<WorkspaceContextValue | null>(null);

export function useWorkspace(): WorkspaceContextValue {
  const value = use(WorkspaceContext);
  if (value === null) throw new Error("useWorkspace is for pages below /w/$workspace");
  return value;
}

/** null when the scope is there, else the sentence that a disabled button shows. */
export function useDenial(scope: Scope): string | null {
  const { scopes, role } = useWorkspace();
  if (scopes.includes(scope)) return null;
  return role === null ? `This needs the scope ${scope}.` : `Your role here is ${role.toLowerCase()}; this needs the scope ${scope}.`;
}
