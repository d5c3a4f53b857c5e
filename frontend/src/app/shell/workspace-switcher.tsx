import { Menu } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { CreateWorkspaceDialog } from "@/features/session/components/create-workspace-dialog";
import { useWorkspace } from "@/lib/workspace";
import type { Me } from "@/schema/wire/session";

import styles from "./workspace-switcher.module.css";

interface WorkspaceSwitcherProps {
  readonly me: Me;
  readonly collapsed: boolean;
}

export function WorkspaceSwitcher({ me, collapsed }: WorkspaceSwitcherProps) {
  const current = useWorkspace();
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const go = (workspace: string) => void navigate({ to: paths.home, params: { workspace } });
  return (
    <>
      <Menu width={248}>
        <Menu.Target>
          <button type="button" className={styles["switcher"]}>
            <Monogram name={current.name} />
            <span className="visually-hidden">{collapsed && current.name} Switch workspace</span>
            {!collapsed && (
              <>
                <span className={styles["name"]}>{current.name}</span>
                <Icon name="chevronDown" size={13} />
              </>
            )}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Workspaces</Menu.Label>
          {me.workspaces.map((workspace) => (
            <Menu.Item
              key={workspace.id}
              leftSection={<Monogram name={workspace.name} />}
              rightSection={workspace.slug === current.slug ? <Icon name="check" size={14} /> : null}
              onClick={() => go(workspace.slug)}
            >
              {workspace.name}
              <span className={styles["account"]}>
                {[workspace.account.name, workspace.role?.toLowerCase() ?? workspace.role_name, ...(workspace.archived_at === null ? [] : ["archived"])].join(" · ")}
              </span>
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Label>Accounts</Menu.Label>
          {me.accounts.map((account) => (
            <Menu.Item
              key={account.id}
              leftSection={<Icon name="building" size={14} />}
              onClick={() => void navigate({ to: paths.members, params: { account: account.id } })}
            >
              {account.name}
              <span className={styles["account"]}>members, access, security</span>
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>
            Create a workspace
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {creating && (
        <CreateWorkspaceDialog
          accounts={me.accounts}
          here={current.account.id}
          onClose={() => setCreating(false)}
          onCreated={(slug) => {
            setCreating(false);
            go(slug);
          }}
        />
      )}
    </>
  );
}

export function Monogram({ name }: { readonly name: string }) {
  return (
    <span className={styles["monogram"]} aria-hidden="true">
      {name.charAt(0).toUpperCase()}
    </span>
  );
}
