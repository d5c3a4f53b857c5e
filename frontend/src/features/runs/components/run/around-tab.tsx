import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { aroundQuery, runImpactQuery } from "@/features/runs/api/around";
import { AroundRow } from "@/features/runs/components/run/around-row";
import { AROUND_HOURS, type RunSearch } from "@/features/runs/run-search";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Around, Run } from "@/schema/wire/runs";

import styles from "./around-tab.module.css";

const DEFAULT_HOURS = 6;
const NAMED = 4; // things that the run touches; of more, how many

interface AroundTabProps {
  readonly run: Run;
  readonly hours: RunSearch["hours"];
  readonly onHours: (hours: RunSearch["hours"]) => void;
}

/** What happened in the hours before, on what the run touches: the likeliest causes first, each with why. */
export function AroundTab({ run, hours = DEFAULT_HOURS, onHours }: AroundTabProps) {
  const { slug } = useWorkspace();
  const around = useQuery(aroundQuery(slug, run.id, hours, run.ended_at === null));
  const impact = useQuery(runImpactQuery(slug, run.id));
  if (around.isPending) return <SkeletonRows rows={6} height={56} label="what happened around the run" />;
  if (around.isError) return <ErrorState error={around.error} what="what happened around the run" onRetry={() => void around.refetch()} />;
  const { items } = around.data;
  return (
    <>
      <div className={styles["bar"]}>
        <SegmentedControl
          aria-label="How far back"
          size="xs"
          value={String(hours)}
          onChange={(value) => {
            const next = AROUND_HOURS.find((each) => String(each) === value);
            onHours(next === DEFAULT_HOURS ? undefined : next);
          }}
          data={AROUND_HOURS.map((each) => ({ value: String(each), label: each === 1 ? "1 hour" : `${each} h` }))}
        />
        <Grounds around={around.data} slug={slug} />
      </div>
      {items.length === 0 ? (
        <EmptyState icon="search" title="Nothing stands out">
          No other run, deploy, change of columns, failed check, unusual value or telling event in this time. Look further back, or tell more of what happens.
        </EmptyState>
      ) : (
        <Panel flush>
          <ol className={styles["items"]} aria-label="What happened around the run" data-stale={around.isPlaceholderData}>
            {items.map((item) => (
              <AroundRow key={`${item.kind} ${item.at} ${item.resource_id ?? ""} ${item.run_id ?? ""} ${item.title}`} item={item} best={items[0]?.score ?? 1} slug={slug} />
            ))}
          </ol>
        </Panel>
      )}
      {impact.isSuccess && impact.data.affected.length > 0 && (
        <div className={styles["waiting"]}>
          <Panel
            title="Who waits for it"
            aside={
              <span className="muted">
                {impact.data.truncated && "at least "}
                {plural(impact.data.affected.length, "thing")}
              </span>
            }
          >
            <p className={styles["affected"]}>
              {impact.data.affected.slice(0, 30).map((each) => (
                <Link key={each.id} to={paths.worldResource} params={{ workspace: slug, resourceId: each.id }} className={styles["chip"]} title={`${each.kind}, ${plural(each.distance, "step")} away`}>
                  {each.label}
                </Link>
              ))}
              {impact.data.affected.length > 30 && <span className="muted">and {impact.data.affected.length - 30} more</span>}
            </p>
            {impact.data.owners.length > 0 && <p className={styles["owners"]}>Owned by {impact.data.owners.join(", ")}</p>}
          </Panel>
        </div>
      )}
    </>
  );
}

/** What the likeliness is measured against: the things that the run touches. */
function Grounds({ around, slug }: { readonly around: Around; readonly slug: string }) {
  const { nearby, by_habit, back_to, since } = around;
  const touched = nearby.filter((each) => each.distance === 0);
  const upstream = nearby.length - touched.length;
  return (
    <span className={styles["grounds"]}>
      {touched.length === 0 ? (
        "It is not known what this run reads or writes."
      ) : (
        <>
          {by_habit ? "By what its deployment touched before" : "On what it touches"}:{" "}
          {touched.slice(0, NAMED).map((each, place) => (
            <Fragment key={each.id}>
              {place > 0 && ", "}
              <Link to={paths.worldResource} params={{ workspace: slug, resourceId: each.id }} className="link">
                {each.label}
              </Link>
            </Fragment>
          ))}
          {touched.length > NAMED && ` and ${touched.length - NAMED} more`}
          {upstream > 0 && `, and ${plural(upstream, "thing")} upstream`}.
        </>
      )}
      {Date.parse(back_to) > Date.parse(since) && (
        <>
          {" "}
          There are so many events that those before <RelativeTime at={back_to} /> were not looked at.
        </>
      )}
    </span>
  );
}
