import type { ReactNode } from "react";

import styles from "./rows.module.css";

/** Panels below each other, in a width that can be read. */
export function PanelStack({ children }: { readonly children: ReactNode }) {
  return <div className={styles["stack"]}>{children}</div>;
}
