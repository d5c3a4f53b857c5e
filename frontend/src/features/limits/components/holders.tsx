import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { ErrorState } from "@/components/ui/error-state";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { StateBadge } from "@/components/ui/state-badge";
import { paths } from "@/config/paths";
import { slotsQuery } from "@/features/limits/api/limits";
import { useWorkspace } from "@/lib/workspace";
import type { Limit } from "@/schema/wire/limits";

import styles from "./limits.module.css";

/** Who has it, and who stands in line in code; runs that are kept back are on the list of runs. */
export function Holders({ limit }: { readonly limit: Limit }) {
  const { slug } = useWorkspace();
  const slots = useQuery(slotsQuery(slug, limit.id));
  if (slots.isPending) return <SkeletonRows rows={2} label="holders" />;
  if (slots.isError) return <ErrorState error={slots.error} what="holders" onRetry={() => void slots.refetch()} />;
  const { items } = slots.data;
  return (
    <div className={styles["holders"]} id={`holders-${limit.id}`}>
      {items.length === 0 ? (
        <p className="muted">Nobody has any of it.</p>
      ) : (
        <table aria-label={`Who has ${limit.name}`}>
          <thead>
            <tr>
              <th>Run</th>
              <th>State</th>
              <th>Takes</th>
              <th>Since</th>
            </tr>
          </thead>
          <tbody>
            {items.map((slot) => (
              <tr key={slot.id}>
                <td>
                  <Link to={paths.run} params={{ workspace: slug, runId: slot.run.id }} className="link">
                    {slot.run.name}
                  </Link>
                </td>
                <td>
                  <StateBadge state={slot.run.state} />
                </td>
                <td>{slot.amount}</td>
                <td>{slot.granted_at === null ? <span className="muted">stands in line</span> : <RelativeTime at={slot.granted_at} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {slots.data.next_cursor !== null && <p className="muted">And more.</p>}
    </div>
  );
}
