import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { paths } from "@/config/paths";
import { daysOfMonth, GROUP_WORDS, hasExamples, KIND_WORDS, moneyText, momentsOf, quantityText, shareOf, unpricedText, type Span } from "@/features/costs/model";
import { useWorkspace } from "@/lib/workspace";
import { formatMonth } from "@/lib/time";
import type { CostGroup, Costs } from "@/schema/wire/costs";

import styles from "./costs.module.css";

const SHOWN_QUANTITIES = 3;

/** What belongs together, the dearest first; each amount leads to what it is made of. */
export function GroupTable({ costs }: { readonly costs: Costs }) {
  const span = { from: costs.since, to: costs.until };
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
          <tr key={group.key}>
            <td className={styles["what"]}>
              {labelOf(costs, group)}
              <span className={styles["bar"]} aria-hidden="true">
                <span style={{ width: `${shareOf(group, costs.groups) * 100}%` }} />
              </span>
            </td>
            <td className={styles["wide"]}>
              {group.quantities
                .slice(0, SHOWN_QUANTITIES)
                .map((each) => quantityText(each.quantity, each.unit))
                .join(" · ")}
              {group.quantities.length > SHOWN_QUANTITIES && " · …"}
            </td>
            <td className={styles["number"]}>
              <Made costs={costs} group={group} span={span}>
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

function labelOf(costs: Costs, group: CostGroup): string {
  if (costs.by === "month") return formatMonth(group.key);
  if (costs.by === "kind") return KIND_WORDS[group.key as keyof typeof KIND_WORDS];
  return group.label.replace("/", " / ");
}

interface MadeProps {
  readonly costs: Costs;
  readonly group: CostGroup;
  readonly span: Span;
  readonly children: ReactNode;
}

/** Leads to the runs of a deployment; of anything else to the same costs, cut another way. */
function Made({ costs, group, span, children }: MadeProps) {
  const { slug: workspace } = useWorkspace();
  if (costs.by === "deployment") {
    const of = group.id === null ? { flow_id: group.flow_id ?? undefined } : { deployment_id: group.id };
    return (
      <Link to={paths.runs} params={{ workspace }} search={{ ...momentsOf(span), ...of }} className="link">
        {children}
      </Link>
    );
  }
  const search = costs.by === "month" ? daysOfMonth(group.key) : costs.by === "kind" ? { ...span, by: "model" as const } : span;
  return (
    <Link to={paths.costs} params={{ workspace }} search={search} className="link">
      {children}
    </Link>
  );
}
