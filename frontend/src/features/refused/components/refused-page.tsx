import { Button, Select } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useRef } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { PageHeader } from "@/components/ui/page-header";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { useRowKeys } from "@/components/ui/use-row-keys";
import { refusedQuery } from "@/features/refused/api/refused";
import { RefusedRow } from "@/features/refused/components/refused-row";
import { DOORS, reasonOf, totalsOf, type RefusedSearch } from "@/features/refused/model";
import { formatCount, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";

import styles from "./refused.module.css";

interface RefusedPageProps {
  readonly search: RefusedSearch;
  readonly onChange: (change: Partial<RefusedSearch>) => void;
}

/** What was sent and could not be taken, and how is it mended? */
export function RefusedPage({ search, onChange }: RefusedPageProps) {
  const { slug } = useWorkspace();
  const found = useInfiniteQuery(refusedQuery(slug, search));
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  const totals = totalsOf(rows);
  const narrowed = search.door !== undefined || search.code !== undefined;
  const codes = [...new Set([...totals.codes, ...(search.code === undefined ? [] : [search.code])])];
  const list = useRef<HTMLUListElement>(null);
  const toggle = (row: string | undefined) => onChange({ row: search.row === row ? undefined : row });
  const active = useRowKeys(
    rows.length,
    (index) => toggle(rows[index]?.id),
    (index) => list.current?.children[index]?.scrollIntoView({ block: "nearest" }),
  );
  return (
    <>
      <PageHeader
        title="Refused"
        answer={
          found.isSuccess &&
          (rows.length === 0 ? (
            !narrowed && "Everything that came was taken."
          ) : (
            <>
              <strong>
                {found.hasNextPage && "At least "}
                {plural(totals.refused, "item")}
              </strong>{" "}
              not taken{totals.noted > 0 && `, ${formatCount(totals.noted)} noted`} in the last 90 days
            </>
          ))
        }
      >
        <Select
          aria-label="Door"
          placeholder="All doors"
          w={150}
          clearable
          data={Object.entries(DOORS).map(([value, label]) => ({ value, label }))}
          value={search.door ?? null}
          onChange={(door) => onChange({ door: door ?? undefined, row: undefined })}
        />
        <Select
          aria-label="Reason"
          placeholder="All reasons"
          w={220}
          clearable
          data={codes.map((value) => ({ value, label: reasonOf(value).title }))}
          value={search.code ?? null}
          onChange={(code) => onChange({ code: code ?? undefined, row: undefined })}
        />
      </PageHeader>
      {found.isPending && <SkeletonRows rows={6} height={56} label="what was refused" />}
      {found.isError && <ErrorState error={found.error} what="what was refused" onRetry={() => void found.refetch()} />}
      {found.isSuccess && rows.length === 0 && (
        <EmptyState icon="check" title={narrowed ? "Nothing was refused so" : "Nothing was refused"}>
          {narrowed ? "Choose another door or reason." : "Items that a front door could not take are counted here by door, reason and day, with samples."}
        </EmptyState>
      )}
      {rows.length > 0 && (
        <ul ref={list} className={styles["rows"]} aria-label="Refused">
          {rows.map((row, index) => (
            <li key={row.id}>
              <RefusedRow row={row} open={search.row === row.id} active={index === active} onToggle={() => toggle(row.id)} />
            </li>
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <p className={styles["further"]}>
          <Button size="compact-sm" variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            Show earlier days
          </Button>
        </p>
      )}
    </>
  );
}
