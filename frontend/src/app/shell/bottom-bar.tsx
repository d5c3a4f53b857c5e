import { Link } from "@tanstack/react-router";

import { NAV_ITEMS, PHONE_ITEMS } from "@/app/shell/nav-items";
import { useWaitingApprovals } from "@/app/shell/use-waiting-approvals";
import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { useWorkspace } from "@/lib/workspace";

import styles from "./bottom-bar.module.css";

export function BottomBar({ onMore }: { readonly onMore: () => void }) {
  const { slug } = useWorkspace();
  const waiting = useWaitingApprovals();
  return (
    <nav className={styles["bar"]} aria-label="Pages, short">
      {NAV_ITEMS.slice(0, PHONE_ITEMS).map((item) => (
        <Link
          key={item.to}
          to={item.to}
          params={{ workspace: slug }}
          className={styles["item"]}
          activeOptions={{ exact: item.label === "Home", includeSearch: false }}
          activeProps={{ "aria-current": "page" }}
        >
          <span className={styles["icon"]}>
            <Icon name={item.icon} size={20} />
            {/* It stands before the word; read, it comes after it. */}
            {item.to === paths.approvals && waiting !== "" && (
              <span className={styles["badge"]} aria-hidden="true">
                {waiting}
              </span>
            )}
          </span>
          {item.label}
          {item.to === paths.approvals && waiting !== "" && <span className="visually-hidden"> {waiting} waiting for an answer</span>}
        </Link>
      ))}
      <button type="button" className={styles["item"]} onClick={onMore}>
        <Icon name="more" size={20} />
        More
      </button>
    </nav>
  );
}
