import { Link } from "@tanstack/react-router";

import { Icon, type IconName } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { termOf } from "@/lib/query-terms";
import type { Span } from "@/lib/time";
import type { AroundItem } from "@/schema/wire/runs";

import styles from "./around-tab.module.css";

const LOOKS: Readonly<Record<AroundItem["kind"], { readonly icon: IconName; readonly word: string }>> = {
  run: { icon: "runs", word: "Run" },
  deploy: { icon: "deployments", word: "Deploy" },
  schema: { icon: "layers", word: "Schema" },
  check: { icon: "alert", word: "Check" },
  metric: { icon: "metrics", word: "Metric" },
  query: { icon: "json", word: "Query" },
  event: { icon: "events", word: "Event" },
};

interface AroundRowProps {
  readonly item: AroundItem;
  /** The score of the likeliest: the longest bar. */
  readonly best: number;
  readonly slug: string;
}

/** One thing that happened, why it was picked, and the way to it. */
export function AroundRow({ item, best, slug }: AroundRowProps) {
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
        <span className={styles["why"]}>
          {item.why.join(" · ")}
          {item.event_id !== null && (
            <>
              {" · "}
              <Link to={paths.events} params={{ workspace: slug }} search={{ q: termOf("name", item.event_name), event: item.event_id, ...minutesAround(item.at) }} className="link">
                {item.event_name}
              </Link>
            </>
          )}
        </span>
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

const MINUTE_MS = 60_000;

/** A span in which an event is among the first of its name. */
function minutesAround(at: string): Span {
  const moment = Date.parse(at);
  return { from: new Date(moment - MINUTE_MS).toISOString(), to: new Date(moment + MINUTE_MS).toISOString() };
}
