import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { ErrorState } from "@/components/ui/error-state";
import { Icon } from "@/components/ui/icon";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { deliveriesQuery } from "@/features/settings/api/channels";
import { DELIVERY_STATES, firingOf, triesText } from "@/features/settings/channel-model";
import { outcomeSentence } from "@/lib/outcome";
import { formatDayAndTime, formatExact } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { Channel, Delivery } from "@/schema/wire/channels";

import styles from "./channels.module.css";

/** What was sent to a channel and what became of it, newest first. */
export function DeliveryList({ channel }: { readonly channel: Channel }) {
  const { slug } = useWorkspace();
  const deliveries = useInfiniteQuery(deliveriesQuery(slug, channel.id));
  const rows = deliveries.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className={styles["deliveries"]}>
      {deliveries.isPending && <SkeletonRows rows={3} label="messages" />}
      {deliveries.isError && <ErrorState error={deliveries.error} what="messages" onRetry={() => void deliveries.refetch()} />}
      {rows.length > 0 && (
        <ul className={styles["list"]} aria-label={`Messages to ${channel.name}`}>
          {rows.map((delivery) => (
            <DeliveryRow key={delivery.id} delivery={delivery} />
          ))}
        </ul>
      )}
      {deliveries.isSuccess && rows.length === 0 && (
        <p className="muted" style={{ margin: 0 }}>
          What was sent is older than what this workspace keeps.
        </p>
      )}
      {deliveries.hasNextPage && (
        <Button variant="default" mt={8} loading={deliveries.isFetchingNextPage} onClick={() => void deliveries.fetchNextPage()}>
          Show older
        </Button>
      )}
    </div>
  );
}

function DeliveryRow({ delivery }: { readonly delivery: Delivery }) {
  const { slug: workspace } = useWorkspace();
  const { icon, tone, word } = DELIVERY_STATES[delivery.state];
  const firing = firingOf(delivery);
  const tries = triesText(delivery);
  return (
    <li className={styles["delivery"]}>
      <time dateTime={delivery.created_at} title={formatExact(delivery.created_at)}>
        {formatDayAndTime(delivery.created_at)}
      </time>
      <span className={styles["state"]} data-tone={tone}>
        <Icon name={icon} size={13} /> {word}
      </span>
      <span className={styles["subject"]}>
        {delivery.purpose === "TEST" ? "Test message" : delivery.subject}
        {(delivery.outcome !== null || tries !== null) && (
          <span className={styles["fate"]}>{[delivery.outcome === null ? null : outcomeSentence(delivery.outcome), tries].filter((each) => each !== null).join(" · ")}</span>
        )}
      </span>
      {firing !== null && (
        <Link to={paths.automations} params={{ workspace }} search={{ tab: "history", firing }} className="link">
          Why
        </Link>
      )}
    </li>
  );
}
