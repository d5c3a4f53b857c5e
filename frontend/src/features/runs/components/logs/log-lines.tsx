import { Button } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

import { useDocumentTop } from "@/components/ui/use-document-top";
import { LogRow } from "@/features/runs/components/logs/log-row";
import { gapBefore } from "@/features/runs/logs/model";
import { plural } from "@/lib/units";
import type { LogLine } from "@/schema/wire/runs";

import styles from "./logs.module.css";

interface LogLinesProps {
  readonly lines: readonly LogLine[];
  readonly wrap: boolean;
  readonly needle: string;
  readonly follow: boolean;
  readonly hasEarlier: boolean;
  readonly hasLater: boolean;
  readonly loading: boolean;
  readonly onMore: () => void;
  readonly onTask: (taskRunId: string) => void;
}

const NEAR_END = 40;

export function LogLines(props: LogLinesProps) {
  const { lines, wrap, needle, follow, hasEarlier, hasLater, loading, onMore, onTask } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const top = useDocumentTop(scroller);
  const [pinned, setPinned] = useState(true);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 20,
    overscan: 20,
    initialRect: { width: 800, height: 600 },
    getItemKey: (index) => lines[index]?.id ?? index,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;

  useLayoutEffect(() => {
    if (follow && pinned && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, pinned, lines.length, virtualizer]);
  useEffect(() => {
    if (hasLater && !loading && last >= lines.length - NEAR_END) onMore();
  }, [hasLater, loading, last, lines.length, onMore]);

  return (
    <div className={styles["box"]}>
      {hasEarlier && (
        <div className={styles["earlier"]}>
          <Button variant="subtle" size="compact-xs" loading={loading} onClick={onMore}>
            Load earlier lines
          </Button>
        </div>
      )}
      <div
        ref={scroller}
        className={styles["scroller"]}
        style={{ "--above": `${top}px` } as React.CSSProperties}
        tabIndex={0}
        role="log"
        aria-label="Log lines"
        aria-live="off"
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          setPinned(scrollHeight - scrollTop - clientHeight < 24);
        }}
      >
        <div style={{ height: virtualizer.getTotalSize(), position: "relative", minWidth: wrap ? undefined : "max-content" }}>
          {items.map((item) => {
            const line = lines[item.index];
            if (line === undefined) return null;
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={virtualizer.measureElement}
                className={styles["slot"]}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <LogRow line={line} wrap={wrap} needle={needle} gapMs={gapBefore(lines[item.index - 1], line)} onTask={onTask} />
              </div>
            );
          })}
        </div>
      </div>
      <div className={styles["foot"]}>
        <span>
          {plural(lines.length, "line")}{(hasEarlier || hasLater) && " so far"}
        </span>
        {follow && !pinned && (
          <Button size="compact-xs" onClick={() => setPinned(true)}>
            Follow the end
          </Button>
        )}
        {follow && pinned && <span>Following</span>}
      </div>
    </div>
  );
}
