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
  /** Of a page that is nothing else. */
  readonly heading?: "h1" | "h2";
}

/** Says what goes here, and gives the exact command that makes the first one. */
export function EmptyState({ icon, title, children, code, action, heading: Heading = "h2" }: EmptyStateProps) {
  return (
    <section className={styles["empty"]}>
      <span className={styles["icon"]}>
        <Icon name={icon} size={20} />
      </span>
      <Heading className={styles["title"]}>{title}</Heading>
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
