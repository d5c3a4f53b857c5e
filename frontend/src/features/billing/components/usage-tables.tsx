import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { useBilled } from "@/features/billing/use-billed";
import { meterAmount, meterUnit } from "@/lib/meters";
import { formatRatio } from "@/lib/units";
import type { DeploymentUsage, MeterUsage, Usage } from "@/schema/wire/billing";

import styles from "./billing.module.css";

interface TableProps {
  readonly usage: Usage;
  readonly meter: MeterUsage;
}

/** What used it, the most first; each number leads to its runs. */
export function DeploymentTable({ usage, meter, named }: TableProps & { readonly named: boolean }) {
  const { workspace: here } = useBilled();
  const slugs = new Map(meter.by_workspace.map(({ workspace }) => [workspace.id, workspace]));
  const month = { from: usage.period.starts_at, to: usage.period.ends_at };
  const rows = meter.by_deployment.map((line) => {
    const at = here !== null && line.workspace_id === here.id ? here.slug : line.workspace_id === null ? null : (slugs.get(line.workspace_id)?.slug ?? null);
    return { line, at, key: `${line.kind} ${line.workspace_id ?? ""} ${line.deployment_id ?? ""}` };
  });
  return (
    <Panel title="By deployment" aside={meterUnit(meter.meter)} flush>
      <Table label="By deployment" empty="Nothing was used in this month.">
        {rows.map(({ line, at, key }) => (
          <Row
            key={key}
            meter={meter}
            quantity={line.quantity}
            href={(text) =>
              at === null || line.kind === "rest" ? (
                text
              ) : (
                <Link
                  to={paths.runs}
                  params={{ workspace: at }}
                  search={line.deployment_id === null ? { ...month, source: "LOCAL" } : { ...month, deployment_id: line.deployment_id }}
                  className="link"
                >
                  {text}
                </Link>
              )
            }
          >
            <DeploymentName line={line} at={at} />
            {named && line.workspace_id !== null && <span className={styles["under"]}>{slugs.get(line.workspace_id)?.name ?? "a deleted workspace"}</span>}
          </Row>
        ))}
      </Table>
    </Panel>
  );
}

function DeploymentName({ line, at }: { readonly line: DeploymentUsage; readonly at: string | null }) {
  if (line.kind === "rest") return <span className="muted">All others</span>;
  if (line.kind === "local") return <>Local processes</>;
  const name = line.name?.replace("/", " / ") ?? "a deleted deployment";
  if (at === null || line.deployment_id === null || line.name === null) return <span className={line.name === null ? "muted" : undefined}>{name}</span>;
  return (
    <Link to={paths.deployment} params={{ workspace: at, deploymentId: line.deployment_id }} className={styles["plain"]}>
      {name}
    </Link>
  );
}

export function WorkspaceTable({ usage, meter }: TableProps) {
  const month = usage.period.month;
  return (
    <Panel title="By workspace" aside={meterUnit(meter.meter)} flush>
      <Table label="By workspace" empty="Nothing was used in this month.">
        {meter.by_workspace.map(({ workspace, quantity }) => (
          <Row
            key={workspace.id}
            meter={meter}
            quantity={quantity}
            href={(text) =>
              workspace.slug === null ? (
                text
              ) : (
                <Link to={paths.usage} params={{ workspace: workspace.slug }} search={{ month }} className="link">
                  {text}
                </Link>
              )
            }
          >
            {workspace.name ?? <span className="muted">a deleted workspace</span>}
          </Row>
        ))}
      </Table>
    </Panel>
  );
}

function Table({ label, empty, children }: { readonly label: string; readonly empty: string; readonly children: readonly ReactNode[] }) {
  if (children.length === 0) return <p className={styles["empty"]}>{empty}</p>;
  return (
    <ul className={styles["rows"]} aria-label={label}>
      {children}
    </ul>
  );
}

interface RowProps {
  readonly meter: MeterUsage;
  readonly quantity: number;
  readonly href: (text: string) => ReactNode;
  readonly children: ReactNode;
}

function Row({ meter, quantity, href, children }: RowProps) {
  const share = meter.used === 0 ? 0 : quantity / meter.used;
  return (
    <li className={styles["row"]}>
      <span className={styles["what"]}>{children}</span>
      <span className={styles["share"]} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span className={styles["quantity"]}>{href(meterAmount(meter.meter, quantity))}</span>
      <span className={styles["percent"]}>{formatRatio(share)}</span>
    </li>
  );
}
