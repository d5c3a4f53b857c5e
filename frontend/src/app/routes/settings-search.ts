import { parseAccessSearch, parseAuditSearch, type AccessSearch, type AuditSearch } from "@/features/account/search";
import { parseKeysSearch, type KeysSearch } from "@/features/keys/model";
import { parseSettingsTab, type SettingsSearch } from "@/features/settings/model";

/** The address of the settings: the tab, and what the tab itself reads. */
export type SettingsAddress = SettingsSearch & Pick<KeysSearch, "state" | "owner" | "service"> & Omit<AccessSearch, "kind"> & Omit<AuditSearch, "kind"> & { readonly kind?: string | undefined };

export function parseSettingsSearch(search: Record<string, unknown>): SettingsAddress {
  const tab = parseSettingsTab(search);
  switch (tab.tab) {
    case "access":
      return { ...tab, ...parseAccessSearch(search) };
    case "keys":
      return { ...tab, ...parseKeysSearch(search) };
    case "audit":
      return { ...tab, ...parseAuditSearch(search) };
    default:
      return tab;
  }
}
