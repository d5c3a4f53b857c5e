import type { ReactNode } from "react";

import { CodeSnippet } from "./code-snippet";
import styles from "./empty-state.module.css";
import { Icon, type IconName } from "./icon";

interface EmptyStateProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children: ReactNode;
  readonly code?: string;
  readonly action?: ReactNode;
}

/** Says what goes here, and gives the exact command that makes the first one. */
export function EmptyState({ icon, title, children, code, action }: EmptyStateProps) {
  return (
    <section className={styles["empty"]}>
      <span className={styles["icon"]}>
        <Icon name={icon} size={20} />
      </span>
      <h2 className={styles["title"]}>{title}</h2>
      <p className={styles["text"]}>{children}</p>
      {code !== undefined && (
        <div className={styles["code"]}>
          <CodeSnippet code={code} />
        </div>
      )}
      {action}
    </section>
  );
}
