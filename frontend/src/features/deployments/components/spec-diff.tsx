import { wordOfColumn, type Difference } from "@/features/deployments/versions";
import { diffLines } from "@/lib/diff";

import styles from "./versions.module.css";

const SIGNS = { same: " ", gone: "−", new: "+" } as const;
const SPOKEN = { same: "", gone: "removed: ", new: "added: " } as const;

/** What is said differently, line by line; red and green tell by their signs too. */
export function SpecDiff({ differences }: { readonly differences: readonly Difference[] }) {
  if (differences.length === 0) return <p className={styles["none"]}>It says the same as the version before it.</p>;
  return (
    <dl className={styles["diff"]}>
      {differences.map((each) => (
        <div key={each.column}>
          <dt>{wordOfColumn(each.column)}</dt>
          <dd>
            {diffLines(each.before, each.after).map((line, index) => (
              <span key={index} data-kind={line.kind}>
                <span aria-hidden="true">{SIGNS[line.kind]} </span>
                <span className="visually-hidden">{SPOKEN[line.kind]}</span>
                {line.text}
              </span>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
