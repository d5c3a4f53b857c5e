import { Link, useNavigate } from "@tanstack/react-router";

import { Panel } from "@/components/ui/panel";
import { useRowKeys } from "@/components/ui/use-row-keys";
import { paths } from "@/config/paths";
import { FlowRow } from "@/features/overview/components/flow-row";
import { rangeSearchOrDefault, sortFlows } from "@/features/overview/model";
import type { RangeSearch } from "@/lib/time";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { OverviewFlow } from "@/schema/wire/overview";

import styles from "./overview.module.css";

interface FlowsTableProps {
  readonly flows: readonly OverviewFlow[];
  readonly search: RangeSearch;
}

/** Each flow with its last thirty runs; those in trouble stand first. */
export function FlowsTable({ flows, search }: FlowsTableProps) {
  const { slug } = useWorkspace();
  const navigate = useNavigate();
  const rows = sortFlows(flows);
  const active = useRowKeys(rows.length, (index) => {
    const row = rows[index];
    if (row !== undefined) {
      void navigate({ to: paths.runs, params: { workspace: slug }, search: { ...rangeSearchOrDefault(search), flow_id: row.flow.id } });
    }
  });
  if (rows.length === 0) return null;
  return (
    <Panel
      title="Flows"
      flush
      aside={
        <Link to={paths.deployments} params={{ workspace: slug }} className="link">
          {plural(rows.length, "flow")}
        </Link>
      }
    >
      <table className={styles["table"]}>
        <thead>
          <tr>
            <th>Flow</th>
            <th>Last 30 runs</th>
            <th className={styles["number"]}>Success</th>
            <th className={styles["number"]}>p95 duration</th>
            <th className={styles["number"]}>Next run</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <FlowRow key={`${row.flow.id}/${row.deployment_id ?? ""}`} row={row} search={search} active={index === active} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
