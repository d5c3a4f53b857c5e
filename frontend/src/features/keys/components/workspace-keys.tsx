import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { CreateKeyDialog } from "@/features/keys/components/create-key-dialog";
import { KeysPanel } from "@/features/keys/components/keys-panel";
import { rotationDenial, type KeysSearch } from "@/features/keys/model";
import { useDenial, useWorkspace } from "@/lib/workspace";

interface WorkspaceKeysProps {
  /** Who looks. */
  readonly userId: string | undefined;
  readonly search: KeysSearch;
  readonly onChange: (search: KeysSearch) => void;
}

/** The keys of a workspace: of people and of service accounts. */
export function WorkspaceKeys({ userId, search, onChange }: WorkspaceKeysProps) {
  const workspace = useWorkspace();
  const denial = useDenial("keys:manage");
  const [creating, setCreating] = useState(false);
  return (
    <>
      <KeysPanel
        source={{ kind: "workspace", workspace: workspace.slug }}
        search={search}
        onChange={onChange}
        workspaceOf={() => workspace.slug}
        denialOf={() => denial}
        rotationDenialOf={(key) => rotationDenial(key, userId, workspace.scopes)}
        create={
          <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setCreating(true)}>
            Create key
          </GuardedButton>
        }
        empty="Processes that push runs and agents that take them need a key. It is bound to this workspace and shown once."
      />
      {creating && <CreateKeyDialog places={[workspace]} account={workspace.account.id} onClose={() => setCreating(false)} />}
    </>
  );
}
