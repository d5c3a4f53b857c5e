import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { CreateKeyDialog, type KeyPlace } from "@/features/keys/components/create-key-dialog";
import { KeysPanel } from "@/features/keys/components/keys-panel";
import type { KeysSearch } from "@/features/keys/model";

interface MyKeysPageProps {
  readonly search: KeysSearch;
  readonly onChange: (search: KeysSearch) => void;
  /** Where the person may manage keys. */
  readonly places: readonly KeyPlace[];
}

/** Which of my keys are out there? */
export function MyKeysPage({ search, onChange, places }: MyKeysPageProps) {
  const [creating, setCreating] = useState(false);
  return (
    <>
      <PageHeader title="My keys" answer="Over all workspaces. They may never do more than you, and stop when you leave." />
      <KeysPanel
        source={{ kind: "mine" }}
        search={search}
        onChange={onChange}
        workspaceOf={(key) => key.workspace?.slug ?? ""}
        denialOf={(key) => (places.some((place) => place.slug === key.workspace?.slug) ? null : `This needs keys:manage in ${key.workspace?.name ?? "its workspace"}.`)}
        create={
          <GuardedButton reason={places.length === 0 ? "In none of your workspaces you may manage keys." : null} leftSection={<Icon name="plus" size={13} />} onClick={() => setCreating(true)}>
            Create key
          </GuardedButton>
        }
        empty="For scripts on your machine: python flow.py and headway deploy use one. For anything that outlives you, make a service account."
      />
      {creating && <CreateKeyDialog places={places} account={null} onClose={() => setCreating(false)} />}
    </>
  );
}
