import { Menu } from "@mantine/core";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { ACCOUNT_ITEMS } from "@/app/shell/account-items";
import { Monogram } from "@/app/shell/workspace-switcher";
import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { CreateAccountDialog } from "@/features/account/general/create-account-dialog";
import type { MyAccount } from "@/schema/wire/account";
import type { Me } from "@/schema/wire/session";

import styles from "./workspace-switcher.module.css";

interface AccountSwitcherProps {
  readonly me: Me;
  readonly account: MyAccount;
  readonly collapsed: boolean;
}

/** From one account to another, staying on the page; or into a workspace of this one. */
export function AccountSwitcher({ me, account, collapsed }: AccountSwitcherProps) {
  const navigate = useNavigate();
  const here = useLocation({ select: (location) => location.pathname });
  const [creating, setCreating] = useState(false);
  const page = ACCOUNT_ITEMS.find((item) => here.startsWith(item.to.replace("$account", account.id))) ?? ACCOUNT_ITEMS[0];
  const go = (id: string) => {
    if (page !== undefined) void navigate({ to: page.to, params: { account: id } });
  };
  const own = me.workspaces.filter((workspace) => workspace.account.id === account.id);
  return (
    <>
      <Menu width={248}>
        <Menu.Target>
          <button type="button" className={styles["switcher"]}>
            <Monogram name={account.name} />
            <span className="visually-hidden">{collapsed && account.name} Switch account</span>
            {!collapsed && (
              <>
                <span className={styles["name"]}>
                  {account.name}
                  <span className={styles["account"]}>Account</span>
                </span>
                <Icon name="chevronDown" size={13} />
              </>
            )}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Accounts</Menu.Label>
          {me.accounts.map((each) => (
            <Menu.Item
              key={each.id}
              leftSection={<Monogram name={each.name} />}
              rightSection={each.id === account.id ? <Icon name="check" size={14} /> : null}
              onClick={() => go(each.id)}
            >
              {each.name}
              <span className={styles["account"]}>{each.archived_at === null ? each.role.toLowerCase() : `${each.role.toLowerCase()} · archived`}</span>
            </Menu.Item>
          ))}
          {own.length > 0 && (
            <>
              <Menu.Divider />
              <Menu.Label>Workspaces of {account.name}</Menu.Label>
              {own.map((workspace) => (
                <Menu.Item
                  key={workspace.id}
                  leftSection={<Monogram name={workspace.name} />}
                  onClick={() => void navigate({ to: paths.home, params: { workspace: workspace.slug } })}
                >
                  {workspace.name}
                </Menu.Item>
              ))}
            </>
          )}
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>
            Create an account
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {creating && (
        <CreateAccountDialog
          onClose={() => setCreating(false)}
          onCreated={(id) => {
            setCreating(false);
            void navigate({ to: paths.accountWorkspaces, params: { account: id } });
          }}
        />
      )}
    </>
  );
}
