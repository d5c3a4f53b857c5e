import type { ReactNode } from "react";

import { Icon, type IconName } from "./icon";
import styles from "./notice.module.css";

/** What stands over every page, because it counts for all of them. */
export function Notice({ icon, children }: { readonly icon: IconName; readonly children: ReactNode }) {
  return (
    <p className={styles["notice"]} role="note">
      <Icon name={icon} size={15} />
      <span>{children}</span>
    </p>
  );
}
