import { Tooltip } from "@mantine/core";
import { Link, useLocation } from "@tanstack/react-router";

import { ACCOUNT_ITEMS } from "@/app/shell/account-items";
import { AccountSwitcher } from "@/app/shell/account-switcher";
import { UserMenu } from "@/app/shell/user-menu";
import { Icon } from "@/components/ui/icon";
import { Kbd } from "@/components/ui/kbd";
import { paths } from "@/config/paths";
import { homeWorkspace } from "@/features/session/last-workspace";
import { commandKey } from "@/lib/keyboard";
import type { MyAccount } from "@/schema/wire/account";
import type { Me } from "@/schema/wire/session";

import bar from "./bottom-bar.module.css";
import styles from "./rail.module.css";

interface AccountRailProps {
  readonly me: Me;
  readonly account: MyAccount;
  readonly collapsed: boolean;
  readonly onToggle: () => void;
  readonly onSearch: () => void;
  readonly onHelp: () => void;
}

export function AccountRail({ me, account, collapsed, onToggle, onSearch, onHelp }: AccountRailProps) {
  const last = homeWorkspace(me);
  const here = useLocation({ select: (location) => location.pathname });
  return (
    <aside className={styles["rail"]} data-collapsed={collapsed}>
      <AccountSwitcher me={me} account={account} collapsed={collapsed} />
      {last !== undefined && (
        <Tooltip label={`Back to ${last.name}`} position="right" disabled={!collapsed}>
          <Link to={paths.home} params={{ workspace: last.slug }} className={styles["item"]} aria-label={`Back to ${last.name}`}>
            <Icon name="chevronLeft" size={15} />
            <span className={styles["label"]}>Back to {last.name}</span>
          </Link>
        </Tooltip>
      )}
      <Tooltip label="Search or jump to" position="right" disabled={!collapsed}>
        <button type="button" className={styles["search"]} onClick={onSearch} aria-label={collapsed ? "Search or jump to" : undefined}>
          <Icon name="search" size={15} />
          <span className={styles["label"]}>Search or jump to</span>
          <span className={styles["label"]}>
            <Kbd>{commandKey}</Kbd>
          </span>
        </button>
      </Tooltip>
      <nav aria-label="Pages of the account" className={styles["nav"]}>
        {ACCOUNT_ITEMS.map((item) => (
          <Tooltip key={item.to} label={item.label} position="right" disabled={!collapsed}>
            <Link
              to={item.to}
              params={{ account: account.id }}
              className={styles["item"]}
              activeOptions={{ includeSearch: false }}
              activeProps={{ "aria-current": "page" }}
              {...(item.also !== undefined && here.endsWith(item.also) ? { "aria-current": "page" as const } : {})}
              aria-label={item.label}
            >
              <Icon name={item.icon} size={17} />
              <span className={styles["label"]}>{item.label}</span>
            </Link>
          </Tooltip>
        ))}
      </nav>
      <div className={styles["foot"]}>
        <button type="button" className={styles["item"]} onClick={onHelp} aria-label="Keyboard and help">
          <Icon name="help" size={17} />
          <span className={styles["label"]}>Keyboard and help</span>
        </button>
        <button
          type="button"
          className={styles["item"]}
          onClick={onToggle}
          aria-label={collapsed ? "Expand the rail" : "Collapse the rail"}
          aria-expanded={!collapsed}
        >
          <Icon name="collapse" size={17} />
          <span className={styles["label"]}>Collapse</span>
        </button>
        <UserMenu me={me} />
      </div>
    </aside>
  );
}

const ON_PHONES = [paths.members, paths.invitations, paths.security, paths.audit] as const;

/** On a phone: four pages, the rest behind "More". */
export function AccountBar({ account, onMore }: { readonly account: MyAccount; readonly onMore: () => void }) {
  return (
    <nav className={bar["bar"]} aria-label="Pages of the account, short">
      {ACCOUNT_ITEMS.filter((item) => ON_PHONES.some((path) => path === item.to)).map((item) => (
        <Link
          key={item.to}
          to={item.to}
          params={{ account: account.id }}
          className={bar["item"]}
          activeOptions={{ includeSearch: false }}
          activeProps={{ "aria-current": "page" }}
        >
          <Icon name={item.icon} size={20} />
          {item.label}
        </Link>
      ))}
      <button type="button" className={bar["item"]} onClick={onMore}>
        <Icon name="more" size={20} />
        More
      </button>
    </nav>
  );
}
