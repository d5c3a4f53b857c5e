import type { ReactNode } from "react";

import styles from "./facts.module.css";

export interface Fact {
  readonly term: string;
  readonly value: ReactNode;
}

/** Term above value, in as many columns as fit. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className={styles["facts"]}>
      {facts.map(({ term, value }) => (
        <div key={term} className={styles["fact"]}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
