import { Link } from "@tanstack/react-router";

import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { useWorkspace } from "@/lib/workspace";
import type { MetricQuery } from "@/schema/wire/telemetry";

import styles from "./metrics.module.css";

/** Leads to a new automation that watches what a query asks. */
export function AlertLink({ query, label }: { readonly query: MetricQuery; readonly label: string }) {
  const { slug: workspace } = useWorkspace();
  const where = Object.entries(query.where ?? {}).flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
  const by = query.group_by ?? [];
  return (
    <Link
      to={paths.newAutomation}
      params={{ workspace }}
      search={{ metric: query.name, aggregate: query.aggregate, ...(where.length === 0 ? {} : { where }), ...(by.length === 0 ? {} : { by: [...by] }) }}
      className={`link ${styles["alert"] ?? ""}`}
    >
      <Icon name="bell" size={13} /> {label}
    </Link>
  );
}
