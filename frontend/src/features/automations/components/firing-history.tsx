import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { useRowKeys } from "@/components/ui/use-row-keys";
import { firingsQuery } from "@/features/automations/api/automations";
import { FiringRow } from "@/features/automations/components/firing-row";
import { useWorkspace } from "@/lib/workspace";

import styles from "./automations.module.css";

interface FiringHistoryProps {
  /** null: of all automations, each firing named by its own. */
  readonly automationId: string | null;
  readonly opened: string | undefined;
  readonly onOpen: (firing: string | undefined) => void;
}

const MOST_PAGES = 20;

/** When it fired, newest first; a row opens into why, and what was then done. */
export function FiringHistory({ automationId, opened, onOpen }: FiringHistoryProps) {
  const { slug } = useWorkspace();
  const history = useInfiniteQuery(firingsQuery(slug, automationId));
  const firings = history.data?.pages.flatMap((page) => page.items) ?? [];
  const toggle = (id: string) => onOpen(opened === id ? undefined : id);
  const missing = opened !== undefined && history.isSuccess && !firings.some((each) => each.id === opened);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = history;
  const read = history.data?.pages.length ?? 0;
  useEffect(() => {
    // A link led to a firing that is further down.
    if (missing && hasNextPage && !isFetchingNextPage && read < MOST_PAGES) void fetchNextPage();
  }, [missing, hasNextPage, isFetchingNextPage, read, fetchNextPage]);
  const active = useRowKeys(firings.length, (index) => {
    const firing = firings[index];
    if (firing !== undefined) toggle(firing.id);
  });
  if (history.isPending) return <SkeletonRows rows={6} height={52} label="history" />;
  if (history.isError) return <ErrorState error={history.error} what="history" onRetry={() => void history.refetch()} />;
  if (firings.length === 0) {
    return (
      <EmptyState icon="clock" title={automationId === null ? "No automation has fired yet" : "It has not fired yet"}>
        Each time that it fires, the reason and what became of its actions stand here. Only events from after it was made count.
      </EmptyState>
    );
  }
  return (
    <>
      <Panel flush>
        <ul className={styles["list"]} aria-label="Firings">
          {firings.map((firing, index) => (
            <FiringRow
              key={firing.id}
              firing={firing}
              named={automationId === null}
              open={firing.id === opened}
              active={index === active}
              onToggle={() => toggle(firing.id)}
            />
          ))}
        </ul>
      </Panel>
      {history.hasNextPage && (
        <Button variant="default" mt={12} loading={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
          Show older
        </Button>
      )}
    </>
  );
}
