import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { CreateKeyDialog, type KeyPlace } from "@/features/keys/components/create-key-dialog";
import { KeysPanel } from "@/features/keys/components/keys-panel";
import type { KeysSearch } from "@/features/keys/model";
import type { ServiceAccount } from "@/schema/wire/account";

import styles from "./keys.module.css";

interface ServiceKeysProps {
  readonly account: string;
  readonly service: ServiceAccount;
  /** Where the person may manage keys. */
  readonly places: readonly KeyPlace[];
  readonly denial: string | null;
}

/** The keys of a service account, wherever they work. */
export function ServiceKeys({ account, service, places, denial }: ServiceKeysProps) {
  const [search, setSearch] = useState<KeysSearch>({});
  const [creating, setCreating] = useState(false);
  const own = places.filter((place) => service.workspaces.some((grant) => grant.slug === place.slug));
  const gap = service.disabled_at !== null ? "It is disabled." : own.length === 0 ? "Give it a role in a workspace where you manage keys first." : null;
  return (
    <section aria-label="Keys">
      <h2 className={styles["name"]} style={{ margin: "0 0 8px", fontSize: 13 }}>
        Keys
      </h2>
      <KeysPanel
        source={{ kind: "service", account, id: service.id }}
        search={search}
        onChange={setSearch}
        workspaceOf={(key) => key.workspace?.slug ?? ""}
        denialOf={(key) => denial ?? (places.some((place) => place.slug === key.workspace?.slug) ? null : `This needs keys:manage in ${key.workspace?.name ?? "its workspace"}.`)}
        create={
          <GuardedButton reason={denial ?? gap} leftSection={<Icon name="plus" size={13} />} onClick={() => setCreating(true)}>
            Create key
          </GuardedButton>
        }
        empty="A key of a service account works in one workspace and may never do more than the account’s role there."
      />
      {creating && <CreateKeyDialog places={own} account={account} holder={service} onClose={() => setCreating(false)} />}
    </section>
  );
}
