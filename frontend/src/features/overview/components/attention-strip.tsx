import { useMediaQuery } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";

import { RelativeTime } from "@/components/ui/relative-time";
import { StateBadge } from "@/components/ui/state-badge";
import { paths } from "@/config/paths";
import { kindOf, stateColor } from "@/lib/run-state";
import { useWorkspace } from "@/lib/workspace";
import type { AttentionRow } from "@/schema/wire/overview";

import styles from "./overview.module.css";

const SHOWN = 6;
/** Above what ran, which has to stay in sight. */
const SHOWN_ON_PHONE = 3;

/** What failed or is late now, each with its likely cause. */
export function AttentionStrip({ rows }: { readonly rows: readonly AttentionRow[] }) {
  const { slug } = useWorkspace();
  const isPhone = useMediaQuery("(max-width: 640px)", false, { getInitialValueInEffect: false });
  const shown = isPhone ? SHOWN_ON_PHONE : SHOWN;
  if (rows.length === 0) return null;
  return (
    <section aria-label="Needs attention">
      <div className={styles["cards"]}>
        {rows.slice(0, shown).map((row) => (
          <Link
            key={row.id}
            to={paths.run}
            params={{ workspace: slug, runId: row.id }}
            className={styles["card"]}
            style={{ "--state": stateColor(kindOf(row.state)) } as React.CSSProperties}
          >
            <span className={styles["cardTop"]}>
              <StateBadge state={row.state} />
              <RelativeTime at={row.ended_at ?? row.scheduled_for ?? row.created_at} />
            </span>
            <span className={styles["cardName"]}>
              {row.flow.name} <span className="muted">{row.name}</span>
            </span>
            <span className={styles["cardReason"]}>{row.reason}</span>
          </Link>
        ))}
      </div>
      {rows.length > shown && (
        <p style={{ margin: "8px 0 0" }}>
          <Link
            to={paths.runs}
            params={{ workspace: slug }}
            search={{ state: ["failed", "crashed", "late"] }}
            className="link"
          >
            {rows.length - shown} more need a look
          </Link>
        </p>
      )}
    </section>
  );
}
