import { Link } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { useWorkspace } from "@/lib/workspace";

import styles from "./billing.module.css";

/** The two pages about money. */
export function BillingNav() {
  const { slug: workspace } = useWorkspace();
  return (
    <nav className={styles["tabs"]} aria-label="Usage and plan">
      <Link to={paths.usage} params={{ workspace }} className={styles["tab"]} activeOptions={{ includeSearch: false }} activeProps={{ "aria-current": "page" }}>
        Usage
      </Link>
      <Link to={paths.plan} params={{ workspace }} className={styles["tab"]} activeOptions={{ includeSearch: false }} activeProps={{ "aria-current": "page" }}>
        Plan
      </Link>
    </nav>
  );
}
