import { createContext, use } from "react";

import type { AccountScope, MyAccount } from "@/schema/wire/account";

/** What every page of an account knows: which one, as whom, and what that person may do for it. */
export const AccountContext = createContext<MyAccount | null>(null);

export function useAccount(): MyAccount {
  const value = use(AccountContext);
  if (value === null) throw new Error("useAccount is for pages below /account/$account");
  return value;
}

/**
 * null when the scope is there, else the sentence that a disabled button shows. In what is archived
 * nothing is changed, but for what brings it back or ends it.
 */
export function accountDenial(account: Pick<MyAccount, "role" | "scopes" | "name" | "archived_at">, scope: AccountScope, evenArchived = false): string | null {
  if (!account.scopes.includes(scope)) return `Your role in ${account.name} is ${account.role.toLowerCase()}; this needs the scope ${scope}.`;
  return account.archived_at === null || evenArchived || scope.endsWith(":read") ? null : `${account.name} is archived: restore it first, on its general page.`;
}

export function useAccountDenial(scope: AccountScope, evenArchived = false): string | null {
  return accountDenial(useAccount(), scope, evenArchived);
}
