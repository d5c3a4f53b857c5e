import { use } from "react";

import { AccountContext, accountDenial } from "@/lib/account";
import { WorkspaceContext, workspaceDenial } from "@/lib/workspace";

export interface Billed {
  readonly account: { readonly id: string; readonly name: string };
  /** From within which it is looked at; null on the account's own pages. */
  readonly workspace: { readonly id: string; readonly slug: string } | null;
  /** Why what is used isn't shown to this person; null when it is. */
  readonly denial: string | null;
}

/** Whose usage and plan are looked at: on pages of a workspace, or on those of an account. */
export function useBilled(): Billed {
  const workspace = use(WorkspaceContext);
  const account = use(AccountContext);
  if (workspace !== null) return { account: workspace.account, workspace, denial: workspaceDenial(workspace, "usage:read") };
  if (account === null) throw new Error("useBilled is for pages below /w/$workspace or /account/$account");
  return { account, workspace: null, denial: accountDenial(account, "billing:read") };
}
