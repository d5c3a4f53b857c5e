import { createContext, use } from "react";

/** What every page of a workspace knows: which one, as whom, and what that person may do. */
export interface WorkspaceContextValue {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly liveUrl: string;
}

export const WorkspaceContext = createContext<WorkspaceContextValue | null>(null);

export function useWorkspace(): WorkspaceContextValue {
  const value = use(WorkspaceContext);
  if (value === null) throw new Error("useWorkspace is for pages below /w/$workspace");
  return value;
}

/** null when the scope is there, else the sentence that a disabled button shows. */
export function useDenial(scope: string): string | null {
  const { scopes, role } = useWorkspace();
  return scopes.includes(scope) ? null : `Your role here is ${role.toLowerCase()}; this needs the scope ${scope}.`;
}
