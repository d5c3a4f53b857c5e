import type { ReactNode } from "react";

import styles from "./rows.module.css";

interface RowProps {
  readonly name: ReactNode;
  readonly badges?: readonly string[];
  readonly detail?: ReactNode;
  readonly children?: ReactNode;
}

/** One thing of the person, what is to know of it, and what may be done with it. */
export function Row({ name, badges = [], detail, children }: RowProps) {
  return (
    <li className={styles["row"]}>
      <div className={styles["words"]}>
        <div className={styles["name"]}>
          {name}
          {badges.map((badge) => (
            <span key={badge} className={styles["badge"]}>
              {badge}
            </span>
          ))}
        </div>
        {detail !== undefined && <div className={styles["detail"]}>{detail}</div>}
      </div>
      {children !== undefined && <div className={styles["actions"]}>{children}</div>}
    </li>
  );
}
