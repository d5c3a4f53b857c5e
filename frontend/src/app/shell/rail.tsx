import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { NAV_GROUPS } from "@/app/shell/nav-items";
import { useWaitingApprovals } from "@/app/shell/use-waiting-approvals";
import { UserMenu } from "@/app/shell/user-menu";
import { WorkspaceSwitcher } from "@/app/shell/workspace-switcher";
import { Icon } from "@/components/ui/icon";
import { Kbd } from "@/components/ui/kbd";
import { paths } from "@/config/paths";
import { commandKey } from "@/lib/keyboard";
import { useWorkspace } from "@/lib/workspace";
import type { Me } from "@/schema/wire/session";

import styles from "./rail.module.css";

interface RailProps {
  readonly me: Me;
  readonly collapsed: boolean;
  readonly onToggle: () => void;
  readonly onSearch: () => void;
  readonly onHelp: () => void;
}

export function Rail({ me, collapsed, onToggle, onSearch, onHelp }: RailProps) {
  const { slug } = useWorkspace();
  const waiting = useWaitingApprovals();
  return (
    <aside className={styles["rail"]} data-collapsed={collapsed}>
      <WorkspaceSwitcher me={me} collapsed={collapsed} />
      <Tooltip label="Search or jump to" position="right" disabled={!collapsed}>
        <button type="button" className={styles["search"]} onClick={onSearch} aria-label={collapsed ? "Search or jump to" : undefined}>
          <Icon name="search" size={15} />
          <span className={styles["label"]}>Search or jump to</span>
          <span className={styles["label"]}>
            <Kbd>{commandKey}</Kbd>
          </span>
        </button>
      </Tooltip>
      <nav aria-label="Pages" className={styles["nav"]}>
        {NAV_GROUPS.map(({ heading, items }) => (
          <div key={heading ?? "home"} className={styles["group"]} role={heading === undefined ? undefined : "group"} aria-label={heading}>
            {heading !== undefined && (
              <span className={styles["heading"]} aria-hidden>
                <span className={styles["label"]}>{heading}</span>
              </span>
            )}
            {items.map((item) => (
              <Tooltip key={item.to} label={item.label} position="right" disabled={!collapsed}>
                <Link
                  to={item.to}
                  params={{ workspace: slug }}
                  className={styles["item"]}
                  activeOptions={{ exact: item.label === "Home", includeSearch: false }}
                  activeProps={{ "aria-current": "page" }}
                  aria-label={item.to === paths.approvals && waiting !== "" ? `${item.label} ${waiting} waiting for an answer` : item.label}
                >
                  <Icon name={item.icon} size={17} />
                  <span className={styles["label"]}>{item.label}</span>
                  {item.to === paths.approvals && waiting !== "" && <span className={styles["badge"]}> {waiting}</span>}
                </Link>
              </Tooltip>
            ))}
          </div>
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
