import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { linesOf } from "@/features/metrics/dashboards/api";
import { stripAnsi } from "@/lib/ansi";
import type { RangeSearch } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { LogsPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";

interface LogsPanelBodyProps {
  readonly panel: LogsPanel;
  readonly range: RangeSearch;
}

/** The newest lines that fit; each leads to itself among its neighbours. */
export function LogsPanelBody({ panel, range }: LogsPanelBodyProps) {
  const { slug } = useWorkspace();
  const { data, isError, error } = useQuery(linesOf(slug, range, panel));
  if (data === undefined) return isError ? <Refusal error={error} /> : <SkeletonRows rows={4} label="Loading logs" />;
  if (data.items.length === 0) {
    return <p className="muted">{data.searched_to === null ? "No such lines in this range." : <>No such lines back to <RelativeTime at={data.searched_to} />; the search of logs goes on from there.</>}</p>;
  }
  return (
    <ul className={styles["lines"]}>
      {data.items.map((line) => (
        <li key={line.id}>
          <span className={`muted ${styles["level"]}`}>{line.level}</span>
          <Link
            to={paths.logs}
            params={{ workspace: slug }}
            search={{ q: panel.q, level: panel.level, range: range.range, from: range.from, to: range.to, line: line.id }}
            className={`link mono ${styles["name"]}`}
          >
            {stripAnsi(line.message)}
          </Link>
          <span className="muted">
            <RelativeTime at={line.occurred_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
