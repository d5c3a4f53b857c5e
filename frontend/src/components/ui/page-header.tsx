import { useEffect, type ReactNode } from "react";

import styles from "./page-header.module.css";

interface PageHeaderProps {
  readonly title: string;
  readonly answer?: ReactNode;
  readonly children?: ReactNode;
}

/** The page's name, the sentence that answers its question, and its controls. Also names the browser tab. */
export function PageHeader({ title, answer, children }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${title} · Headway`;
  }, [title]);
  return (
    <header className={styles["header"]}>
      <div className={styles["words"]}>
        <h1 className={styles["title"]}>{title}</h1>
        {answer !== undefined && <p className={styles["answer"]}>{answer}</p>}
      </div>
      <div className={styles["controls"]}>{children}</div>
    </header>
  );
}
