import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { paths } from "@/config/paths";
import { daysOfMonth, GROUP_WORDS, hasExamples, labelOf, moneyText, quantityText, shareOf, unpricedText, type CostsSearch } from "@/features/costs/model";
import { useWorkspace } from "@/lib/workspace";
import type { CostGroup, Costs } from "@/schema/wire/costs";

import styles from "./costs.module.css";

interface GroupTableProps {
  readonly costs: Costs;
  readonly search: CostsSearch;
}

/** What belongs together, the dearest first; each amount leads to what it is made of. */
export function GroupTable({ costs, search }: GroupTableProps) {
  return (
    <table className={styles["table"]} aria-label={`Costs by ${GROUP_WORDS[costs.by].toLowerCase()}`}>
      <thead>
        <tr>
          <th>{GROUP_WORDS[costs.by]}</th>
          <th className={styles["wide"]}>Used</th>
          <th className={styles["number"]}>Cost</th>
        </tr>
      </thead>
      <tbody>
        {costs.groups.map((group) => (
          <tr key={group.key} data-opened={group.key === search.of || undefined}>
            <td className={styles["what"]}>
              {labelOf(costs, group)}
              <span className={styles["bar"]} aria-hidden="true">
                <span style={{ width: `${shareOf(group, costs.groups) * 100}%` }} />
              </span>
            </td>
            <td className={styles["wide"]}>{group.quantities.map((each) => quantityText(each.quantity, each.unit)).join(" · ")}</td>
            <td className={styles["number"]}>
              <Made costs={costs} group={group} search={search}>
                {amountOf(group)}
              </Made>
              {hasExamples(group.money) && <span className={styles["under"]}>by example prices</span>}
              {group.unpriced.length > 0 && group.money.length > 0 && <span className={styles["under"]}>without {unpricedText(group.unpriced)}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function amountOf(group: CostGroup): string {
  if (group.money.length > 0) return moneyText(group.money);
  return group.unpriced.length > 0 ? "unknown" : "free";
}

interface MadeProps extends GroupTableProps {
  readonly group: CostGroup;
  readonly children: ReactNode;
}

/** Leads to the runs that make it; of a month to its days. */
function Made({ costs, group, search, children }: MadeProps) {
  const { slug: workspace } = useWorkspace();
  return (
    <Link to={paths.costs} params={{ workspace }} search={costs.by === "month" ? daysOfMonth(group.key) : { ...search, of: group.key }} resetScroll={false} className="link">
      {children}
    </Link>
  );
}
