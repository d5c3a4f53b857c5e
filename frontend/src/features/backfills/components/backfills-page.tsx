import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { backfillsQuery } from "@/features/backfills/api/backfills";
import { ProgressBar } from "@/features/backfills/components/progress-bar";
import { BACKFILL_WORDS, isOver, titleOf, type BackfillsSearch } from "@/features/backfills/model";
import { formatCount, formatRatio, plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";

import styles from "./backfills.module.css";

/** What is being filled in, and how far is it? */
export function BackfillsPage({ search }: { readonly search: BackfillsSearch }) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const denial = useDenial("runs:write");
  const backfills = useInfiniteQuery(backfillsQuery(workspace, search.deployment));
  const { rows, more } = usePages(backfills);
  const going = rows.filter((row) => !isOver(row)).length;
  return (
    <>
      <PageHeader
        title="Backfills"
        answer={
          <>
            {rows.length > 0 && (going === 0 ? "None is under way. " : `${plural(going, "backfill")} under way. `)}
            {search.deployment !== undefined && (
              <>
                Only those of{" "}
                <Link to={paths.deployment} params={{ workspace, deploymentId: search.deployment }} className="link">
                  {rows[0] === undefined ? "one deployment" : `${rows[0].flow.name} / ${rows[0].deployment.name}`}
                </Link>
                ;{" "}
                <Link to={paths.backfills} params={{ workspace }} search={{}} className="link">
                  see all
                </Link>
              </>
            )}
          </>
        }
      >
        <GuardedButton
          reason={denial}
          leftSection={<Icon name="plus" size={13} />}
          onClick={() => void navigate({ to: paths.newBackfill, params: { workspace }, search: { deployment: search.deployment } })}
        >
          New backfill
        </GuardedButton>
      </PageHeader>
      <ListStates
        query={backfills}
        what="backfills"
        count={rows.length}
        empty={
          <EmptyState icon="history" title="Nothing is being filled in">
            A backfill makes one run of a deployment for each day of a range, or for each partition, so many at once, and shows how far it is.
          </EmptyState>
        }
      >
        <Panel flush>
          <ul className={styles["rows"]} aria-label="Backfills">
            {rows.map((row) => (
              <li key={row.id}>
                <div>
                  <Link to={paths.backfill} params={{ workspace, backfillId: row.id }} className={styles["name"]}>
                    {titleOf(row)}
                  </Link>
                  <span className={styles["under"]}>
                    {row.flow.name} / {row.deployment.name} · <RelativeTime at={row.created_at} />
                    {row.created_by !== null && ` by ${row.created_by.name}`}
                  </span>
                </div>
                <div>
                  <ProgressBar backfill={row} />
                  <span className={styles["under"]}>
                    {formatRatio(row.progress)} of {formatCount(row.parts_total)}
                  </span>
                </div>
                <span>{BACKFILL_WORDS[row.state]}</span>
              </li>
            ))}
          </ul>
        </Panel>
        {backfills.hasNextPage && (
          <GuardedButton variant="default" reason={null} loading={backfills.isFetchingNextPage} mt="sm" onClick={more}>
            Show more
          </GuardedButton>
        )}
      </ListStates>
    </>
  );
}
