import { Link } from "@tanstack/react-router";

import { CopyId } from "@/components/ui/copy-id";
import { Drawer } from "@/components/ui/dialog";
import { Facts } from "@/components/ui/facts";
import { paths } from "@/config/paths";
import { DangerZone } from "@/features/account/general/danger-zone";
import { useAccount, useAccountDenial } from "@/lib/account";
import { formatDay } from "@/lib/time";
import { formatCount } from "@/lib/units";
import type { AccountWorkspace } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface WorkspaceDrawerProps {
  readonly workspace: AccountWorkspace;
  readonly onClose: () => void;
  readonly onChanged: () => Promise<unknown>;
}

/** One workspace as the account sees it: who is in, and its end. */
export function WorkspaceDrawer({ workspace, onClose, onChanged }: WorkspaceDrawerProps) {
  const account = useAccount();
  const scope = useAccountDenial("account:manage", true);
  const denial = workspace.role === "OWNER" ? null : scope;
  return (
    <Drawer opened onClose={onClose} position="right" size={620} title={workspace.name} closeButtonProps={{ "aria-label": "Close" }} styles={{ title: { fontSize: 16, fontWeight: 600 } }}>
      <div className={styles["stack"]}>
        <Facts
          facts={[
            { term: "Address", value: <CopyId id={workspace.slug} label="workspace" full /> },
            {
              term: "People",
              value: (
                <Link to={paths.members} params={{ account: account.id }} search={{ workspace: workspace.slug }} className="link">
                  {formatCount(workspace.people)}
                </Link>
              ),
            },
            { term: "Keys", value: formatCount(workspace.keys) },
            { term: "Created", value: formatDay(workspace.created_at) },
            {
              term: "Changes",
              value: (
                <Link to={paths.audit} params={{ account: account.id }} search={{ workspace: workspace.slug }} className="link">
                  Audit log
                </Link>
              ),
            },
            ...(workspace.role_name === null
              ? []
              : [
                  {
                    term: "Settings",
                    value: (
                      <Link to={paths.settings} params={{ workspace: workspace.slug }} className="link">
                        Open
                      </Link>
                    ),
                  },
                ]),
          ]}
        />
        <DangerZone
          what={{ kind: "workspace", id: workspace.id, name: workspace.name }}
          archivedAt={workspace.archived_at}
          deleteAfter={workspace.delete_after}
          denial={denial}
          onChanged={onChanged}
          onDeleted={() => {
            void onChanged();
            onClose();
          }}
        />
      </div>
    </Drawer>
  );
}
