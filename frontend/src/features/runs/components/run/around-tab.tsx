import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Icon, type IconName } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { aroundQuery, runImpactQuery } from "@/features/runs/api/around";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { AroundItem, Run } from "@/schema/wire/runs";

import styles from "./around-tab.module.css";

const HOURS = ["1", "6", "24", "72"] as const;
const LOOKS: Readonly<Record<AroundItem["kind"], { readonly icon: IconName; readonly word: string }>> = {
  run: { icon: "runs", word: "Run" },
  deploy: { icon: "deployments", word: "Deploy" },
  schema: { icon: "layers", word: "Schema" },
  check: { icon: "alert", word: "Check" },
  metric: { icon: "metrics", word: "Metric" },
  query: { icon: "json", word: "Query" },
  event: { icon: "events", word: "Event" },
};

/** What happened in the hours before, on what the run touches: the likeliest causes first, each with why. */
export function AroundTab({ run }: { readonly run: Run }) {
  const { slug } = useWorkspace();
  const [hours, setHours] = useState<string>("6");
  const around = useQuery(aroundQuery(slug, run.id, Number(hours), run.ended_at === null));
  const impact = useQuery(runImpactQuery(slug, run.id));
  if (around.isPending) return <SkeletonRows rows={6} height={56} label="what happened around the run" />;
  if (around.isError) return <ErrorState error={around.error} what="what happened around the run" onRetry={() => void around.refetch()} />;
  const { items, nearby, by_habit, back_to, since } = around.data;
  const touched = nearby.filter((each) => each.distance === 0);
  return (
    <>
      <div className={styles["bar"]}>
        <SegmentedControl aria-label="How far back" size="xs" value={hours} onChange={setHours} data={HOURS.map((each) => ({ value: each, label: each === "1" ? "1 hour" : `${each} h` }))} />
        <span className="muted">
          {touched.length === 0
            ? "It is not known what this run reads or writes."
            : `${by_habit ? "By what its deployment touched before" : "On what it touches"}: ${touched
                .slice(0, 4)
                .map((each) => each.label)
                .join(", ")}${touched.length > 4 ? ` and ${touched.length - 4} more` : ""}${nearby.length > touched.length ? `, and ${plural(nearby.length - touched.length, "thing")} upstream` : ""}.`}
          {Date.parse(back_to) > Date.parse(since) && (
            <>
              {" "}
              There are so many events that those before <RelativeTime at={back_to} /> were not looked at.
            </>
          )}
        </span>
      </div>
      {items.length === 0 ? (
        <EmptyState icon="search" title="Nothing stands out">
          No other run, deploy, change of columns, failed check, unusual value or telling event in this time. Look further back, or tell more of what happens.
        </EmptyState>
      ) : (
        <Panel flush>
          <ol className={styles["items"]} aria-label="What happened around the run">
            {items.map((item) => (
              <AroundRow key={`${item.kind} ${item.at} ${item.title}`} item={item} best={items[0]?.score ?? 1} slug={slug} />
            ))}
          </ol>
        </Panel>
      )}
      {impact.isSuccess && impact.data.affected.length > 0 && (
        <Panel title="Who waits for it" aside={<span className="muted">{plural(impact.data.affected.length, "thing")}</span>}>
          <p className={styles["affected"]}>
            {impact.data.affected.slice(0, 30).map((each) => (
              <Link key={each.id} to={paths.worldResource} params={{ workspace: slug, resourceId: each.id }} className={styles["chip"]} title={`${each.kind}, ${plural(each.distance, "step")} away`}>
                {each.label}
              </Link>
            ))}
            {impact.data.affected.length > 30 && <span className="muted">and {impact.data.affected.length - 30} more</span>}
          </p>
          {impact.data.owners.length > 0 && <p className="muted">Owned by {impact.data.owners.join(", ")}</p>}
        </Panel>
      )}
    </>
  );
}

function AroundRow({ item, best, slug }: { readonly item: AroundItem; readonly best: number; readonly slug: string }) {
  const { icon, word } = LOOKS[item.kind];
  return (
    <li className={styles["item"]}>
      <span className={styles["kind"]}>
        <Icon name={icon} size={14} /> {word}
      </span>
      <span className={styles["what"]}>
        <span className={item.kind === "query" ? styles["code"] : styles["title"]}>
          {item.run_id !== null ? (
            <Link to={paths.run} params={{ workspace: slug, runId: item.run_id }}>
              {item.title}
            </Link>
          ) : item.resource_id !== null ? (
            <Link to={paths.worldResource} params={{ workspace: slug, resourceId: item.resource_id }}>
              {item.title}
            </Link>
          ) : (
            item.title
          )}
        </span>
        <span className={styles["why"]}>{item.why.join(" · ")}</span>
      </span>
      <span className={styles["score"]} title={`Likelihood ${Math.round(item.score * 100)} of 100`} aria-hidden="true">
        <span style={{ width: `${Math.max((item.score / best) * 100, 4)}%` }} />
      </span>
      <span className={styles["at"]}>
        <RelativeTime at={item.at} />
      </span>
    </li>
  );
}
