import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { GuardedButton } from "@/components/ui/guarded-button";
import { ListStates } from "@/components/ui/list-states";
import { RelativeTime } from "@/components/ui/relative-time";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { breachesQuery } from "@/features/levels/api/levels";
import { aroundDue, BREACHED, isByClock, levelWords } from "@/features/levels/model";
import { zoneName } from "@/lib/time";
import { formatDuration, shortenId } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import { formatInZone, isZone } from "@/lib/zones";
import type { Breach, Level } from "@/schema/wire/levels";

import styles from "./levels.module.css";

/** Each time that the promise was not kept, the newest first. */
export function LevelBreaches({ level }: { readonly level: Level }) {
  const { slug: workspace } = useWorkspace();
  const breaches = useInfiniteQuery(breachesQuery(workspace, level.id));
  const { rows, more } = usePages(breaches);
  // A promise by the clock is told on its own clock, everything else on the reader's.
  const zone = isByClock(level.kind) && isZone(level.timezone) ? level.timezone : zoneName();
  return (
    <div className={styles["breaches"]}>
      <ListStates query={breaches} what="breaches" rows={2} count={rows.length} empty={<p className="muted">It was always kept so far.</p>}>
        <table className={styles["table"]} aria-label={`Breaches: ${levelWords(level)}`}>
          <thead>
            <tr>
              <th scope="col">Due ({zone})</th>
              <th scope="col">Noticed</th>
              <th scope="col">Run</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((breach) => (
              <BreachRow key={breach.id} breach={breach} level={level} zone={zone} />
            ))}
          </tbody>
        </table>
      </ListStates>
      <p className={styles["onward"]}>
        {breaches.hasNextPage && (
          <GuardedButton variant="default" size="compact-xs" reason={null} loading={breaches.isFetchingNextPage} onClick={more}>
            Show more
          </GuardedButton>
        )}
        <Link to={paths.newAutomation} params={{ workspace }} search={{ name: BREACHED, resource: level.id }} className="link">
          Make an automation from this
        </Link>
      </p>
    </div>
  );
}

interface BreachRowProps {
  readonly breach: Breach;
  readonly level: Level;
  readonly zone: string;
}

function BreachRow({ breach, level, zone }: BreachRowProps) {
  const { slug: workspace } = useWorkspace();
  const late = Math.max(0, Date.parse(breach.created_at) - Date.parse(breach.due_at));
  return (
    <tr>
      <td>
        {formatInZone(breach.due_at, zone)}{" "}
        <span className="muted">
          <RelativeTime at={breach.due_at} />
        </span>
      </td>
      <td>{formatDuration(late)} late</td>
      <td>
        {breach.run_id === null ? (
          <Link to={paths.runs} params={{ workspace }} search={{ deployment_id: level.deployment.id, ...aroundDue(breach) }} className="link">
            Runs around then
          </Link>
        ) : (
          <Link to={paths.run} params={{ workspace, runId: breach.run_id }} className="link mono" title={breach.run_id}>
            {shortenId(breach.run_id)}
          </Link>
        )}
      </td>
    </tr>
  );
}
