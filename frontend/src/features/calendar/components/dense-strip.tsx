import { Link } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { colorOf } from "@/features/calendar/model";
import { formatEvery } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { Calendar } from "@/schema/wire/deployments";

import styles from "./calendar.module.css";

/** What is due so often that its single times would hide all others. */
export function DenseStrip({ items }: { readonly items: Calendar["dense"] }) {
  const { slug } = useWorkspace();
  return (
    <section className={styles["dense"]} aria-label="Very often">
      <span className="muted">Very often</span>
      {items.map((item) => (
        <Link
          key={item.schedule_id}
          to={paths.deployment}
          params={{ workspace: slug, deploymentId: item.deployment.id }}
          className={styles["chip"]}
          style={{ borderLeftColor: colorOf(item.deployment.id) }}
          title={`${item.deployment.flow.name} / ${item.deployment.name}`}
        >
          {item.deployment.name} <span className={styles["time"]}>{formatEvery(item.seconds_apart)}</span>
        </Link>
      ))}
    </section>
  );
}
