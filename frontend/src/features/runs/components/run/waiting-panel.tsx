import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { lineQuery } from "@/features/runs/api/run";
import { formatCount, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Run } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

const WAITING = new Set(["SCHEDULED", "LATE", "AWAITING_RETRY", "HELD"]);
const MOST_COUNTED = 10_000;

/** Why the run has not begun yet, and who comes first. */
export function WaitingPanel({ run }: { readonly run: Run }) {
  return WAITING.has(run.state) && run.pool !== null ? <Line run={run} /> : null;
}

function Line({ run }: { readonly run: Run }) {
  const { slug } = useWorkspace();
  const line = useQuery(lineQuery(slug, run.id));
  if (!line.isSuccess || line.data.reasons.length === 0) return null;
  const { ahead, reasons } = line.data;
  return (
    <section className={styles["waiting"]} aria-label="What it waits for">
      <ul>
        {reasons.map((reason) => (
          <li key={reason.kind + (reason.limit?.id ?? "")}>
            <Icon name={reason.kind === "in_line" || reason.kind === "not_due" ? "clock" : "pause"} size={13} /> {reason.until === null ? reason.text : `${reason.text.replace(/\.$/, "")}:`}
            {reason.until !== null && (
              <>
                {" "}
                <RelativeTime at={reason.until} />
              </>
            )}
            {reason.limit !== null && (
              <>
                {" "}
                <Link to={paths.limits} params={{ workspace: slug }} className="link">
                  Who has it
                </Link>
              </>
            )}
            {(reason.kind === "no_agent" || reason.kind === "agents_full" || reason.kind === "pool_paused") && (
              <>
                {" "}
                <Link to={paths.pools} params={{ workspace: slug }} search={{ pool: run.pool?.id }} className="link">
                  Its pool
                </Link>
              </>
            )}
          </li>
        ))}
      </ul>
      {ahead !== null && ahead > 0 && reasons[0]?.kind !== "in_line" && <p className="muted">{ahead >= MOST_COUNTED ? `Over ${formatCount(MOST_COUNTED)} runs` : plural(ahead, "run")} before it.</p>}
    </section>
  );
}
