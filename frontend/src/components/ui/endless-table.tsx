import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type CSSProperties, type ReactNode } from "react";

import styles from "./endless-table.module.css";
import { useDocumentTop } from "./use-document-top";
import { useRowKeys } from "./use-row-keys";

export interface Column<T> {
  readonly key: string;
  readonly label: string;
  /** Its track in the grid of the table. */
  readonly width: string;
  /** The head is for who hears it, as above buttons. */
  readonly quiet?: boolean;
  readonly align?: "right";
  /** Where there is room for it: from 1100 px, or wherever the table is one (not a phone). */
  readonly from?: "wide" | "table";
  readonly cell: (row: T) => ReactNode;
}

interface EndlessTableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  /** What stands below the last row. */
  readonly end?: ReactNode;
  readonly hasMore?: boolean;
  readonly onMore?: () => void;
  /** Rows of the former question are shown until those of the present one are there. */
  readonly stale?: boolean;
  readonly onOpen?: (row: T) => void;
  readonly isOpen?: (row: T) => boolean;
  /** No longer in force: steps back. */
  readonly isOff?: (row: T) => boolean;
  /** What unfolds under a row. */
  readonly below?: (row: T) => ReactNode;
}

const ROW_PX = 45;
const AHEAD = 20;

/** A table of any length: only the rows on screen are in the page. On a phone its rows are cards. */
export function EndlessTable<T>(props: EndlessTableProps<T>) {
  const { label, columns, rows, rowKey, end, hasMore = false, onMore, stale = false, onOpen, isOpen, isOff, below } = props;
  const body = useRef<HTMLDivElement>(null);
  const margin = useDocumentTop(body);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : rowKey(row);
    },
    overscan: 10,
    scrollMargin: margin,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - AHEAD) onMore?.();
  }, [hasMore, last, rows.length, onMore]);

  const openAt = (index: number) => {
    const row = rows[index];
    if (row !== undefined) onOpen?.(row);
  };
  const active = useRowKeys(rows.length, openAt, (index) => virtualizer.scrollToIndex(index));
  const tracks = (shown: readonly Column<T>[]) => shown.map((column) => column.width).join(" ");
  const grid = { "--all": tracks(columns), "--most": tracks(columns.filter((column) => column.from !== "wide")) } as CSSProperties;

  return (
    <div className={styles["table"]} role="table" aria-label={label} aria-rowcount={hasMore ? -1 : rows.length + 1} data-stale={stale} style={grid}>
      <div role="rowgroup" className={styles["headGroup"]}>
        <div className={styles["head"]} role="row" aria-rowindex={1}>
          {columns.map((column) => (
            <div key={column.key} role="columnheader" className={styles["cell"]} data-from={column.from} data-align={column.align}>
              {column.quiet === true ? <span className="visually-hidden">{column.label}</span> : column.label}
            </div>
          ))}
        </div>
      </div>
      <div ref={body} role="rowgroup" className={styles["body"]} style={{ height: virtualizer.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const unfolded = below?.(row);
          return (
            <div
              key={item.key}
              ref={virtualizer.measureElement}
              data-index={item.index}
              role="row"
              aria-rowindex={item.index + 2}
              className={styles["row"]}
              data-active={item.index === active || undefined}
              data-open={isOpen?.(row) || undefined}
              data-off={isOff?.(row) || undefined}
              data-opens={onOpen !== undefined || undefined}
              style={{ transform: `translateY(${item.start - margin}px)` }}
              onClick={(event) => {
                // What a row holds, and what opened from it elsewhere on the page, is pressed for itself.
                const target = event.target as Element;
                if (event.currentTarget.contains(target) && target.closest("a, button, input, label, [data-inert]") === null) openAt(item.index);
              }}
            >
              {columns.map((column) => (
                <div
                  key={column.key}
                  role="cell"
                  className={styles["cell"]}
                  data-from={column.from}
                  data-align={column.align}
                  data-quiet={column.quiet}
                  data-label={column.label}
                >
                  {column.cell(row)}
                </div>
              ))}
              {unfolded !== null && unfolded !== undefined && (
                <div role="cell" className={styles["below"]} data-inert>
                  {unfolded}
                </div>
              )}
            </div>
          );
        })}
      </div>
      {(hasMore || end !== undefined) && (
        <div className={styles["end"]} role="presentation">
          {hasMore ? "Loading more" : end}
        </div>
      )}
    </div>
  );
}
