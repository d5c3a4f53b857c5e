import { Link } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { colorOf, timesText, type Group } from "@/features/calendar/model";
import { useWorkspace } from "@/lib/workspace";

import styles from "./calendar.module.css";

/** A schedule within an hour, and the way to its deployment. */
export function Chip({ group: { item, times } }: { readonly group: Group }) {
  const { slug } = useWorkspace();
  const { deployment } = item;
  const named = item.schedule_name === "" ? "" : ` (${item.schedule_name})`;
  return (
    <Link
      to={paths.deployment}
      params={{ workspace: slug, deploymentId: deployment.id }}
      className={styles["chip"]}
      style={{ borderLeftColor: colorOf(deployment.id) }}
      title={`${deployment.flow.name} / ${deployment.name}${named}\n${times.join(", ")}`}
    >
      <span className={styles["time"]}>{timesText(times)}</span> {deployment.name}
      <span className="visually-hidden"> of {deployment.flow.name}</span>
    </Link>
  );
}
