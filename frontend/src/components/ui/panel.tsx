import type { ReactNode } from "react";

import styles from "./panel.module.css";

interface PanelProps {
  readonly title?: ReactNode;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly flush?: boolean;
}

/** A titled region between hairlines. */
export function Panel({ title, aside, children, flush = false }: PanelProps) {
  return (
    <section className={styles["panel"]}>
      {title !== undefined && (
        <header className={styles["head"]}>
          <h2 className={styles["title"]}>{title}</h2>
          <div className={styles["aside"]}>{aside}</div>
        </header>
      )}
      <div className={flush ? undefined : styles["body"]}>{children}</div>
    </section>
  );
}
