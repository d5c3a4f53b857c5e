import { Link } from "@tanstack/react-router";

import { NAV_ITEMS, PHONE_ITEMS } from "@/app/shell/nav-items";
import { Icon } from "@/components/ui/icon";
import { useWorkspace } from "@/lib/workspace";

import styles from "./bottom-bar.module.css";

export function BottomBar({ onMore }: { readonly onMore: () => void }) {
  const { slug } = useWorkspace();
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
          <Icon name={item.icon} size={20} />
          {item.label}
        </Link>
      ))}
      <button type="button" className={styles["item"]} onClick={onMore}>
        <Icon name="more" size={20} />
        More
      </button>
    </nav>
  );
}
