import { useQuery } from "@tanstack/react-query";

import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import named from "@/components/ui/named-rows.module.css";
import { refusedQuery } from "@/features/webhooks/api/webhooks";
import { useWorkspace } from "@/lib/workspace";

import styles from "./webhooks.module.css";

/** What was delivered lately and could not be taken: of which day, why, and how it began. */
export function RefusedPanel() {
  const { slug } = useWorkspace();
  const refused = useQuery(refusedQuery(slug));
  if (refused.isPending) return <SkeletonRows rows={2} height={40} label="what was refused" />;
  if (refused.isError) return <ErrorState error={refused.error} what="what was refused" onRetry={() => void refused.refetch()} />;
  const rows = refused.data.items;
  return (
    <Panel title="Refused" flush>
      {rows.length === 0 ? (
        <p className="muted" style={{ margin: 0, padding: 12 }}>
          Nothing that was delivered was refused in the last 90 days.
        </p>
      ) : (
        <ul className={named["list"]} aria-label="Refused deliveries">
          {rows.map((row) => (
            <li key={row.id} className={styles["refused"]}>
              <RelativeTime at={row.last_at} />
              <span className="mono">{row.code}</span>
              <span className={styles["said"]}>
                {row.samples[0]?.message}
                {row.samples[0]?.item != null && (
                  <details>
                    <summary>How the last one began</summary>
                    <code>{row.samples[0].item}</code>
                  </details>
                )}
              </span>
              <span>{row.count} ×</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
