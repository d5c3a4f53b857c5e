import { Link } from "@tanstack/react-router";

import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { filledDeployment, filledSearch } from "@/features/metrics/dashboards/variables";
import { stripAnsi } from "@/lib/ansi";
import type { LogsPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import type { PanelBodyProps } from "./panel-body";
import { usePanelHome } from "./panel-home";

/** The newest lines that fit; each leads to itself among its neighbours. */
export function LogsPanelBody({ panel, found }: PanelBodyProps<LogsPanel>) {
  const home = usePanelHome();
  const { items, searched_to } = found.logs ?? { items: [], searched_to: null };
  if (items.length === 0) {
    return <p className="muted">{searched_to === null ? "No such lines in this range." : <>No such lines back to <RelativeTime at={searched_to} />; the search of logs goes on from there.</>}</p>;
  }
  return (
    <ul className={styles["lines"]}>
      {items.map((line, place) => (
        <li key={line.id ?? place}>
          <span className={`muted ${styles["level"]}`}>{line.level}</span>
          {home === null || line.id === null ? (
            <span className={`mono ${styles["name"]}`}>{stripAnsi(line.message)}</span>
          ) : (
            <Link
              to={paths.logs}
              params={{ workspace: home.workspace }}
              search={{ q: filledSearch(panel.q, home.chosen), level: panel.level, deployment_id: filledDeployment(panel.deployment, home.chosen), range: home.range.range, from: home.range.from, to: home.range.to, line: line.id }}
              className={`link mono ${styles["name"]}`}
            >
              {stripAnsi(line.message)}
            </Link>
          )}
          <span className="muted">
            <RelativeTime at={line.occurred_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
