import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { DayBars } from "@/components/charts/day-bars";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { storageQuery } from "@/features/storage/api/storage";
import { RetentionDialog } from "@/features/storage/components/retention-dialog";
import { bytesText, compressionText, everyDay, keptRange, rowsText, storageSentence, STORED_WORDS } from "@/features/storage/model";
import { useNow } from "@/lib/now";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { StoredKind } from "@/schema/wire/storage";

import styles from "./storage.module.css";

/** Where does storage go, and how long is it kept? */
export function StorageTab() {
  const { slug } = useWorkspace();
  const unseen = useDenial("usage:read");
  const denial = useDenial("workspace:manage");
  const storage = useQuery({ ...storageQuery(slug), enabled: unseen === null });
  const [changing, setChanging] = useState<StoredKind | null>(null);
  if (unseen !== null) {
    return (
      <EmptyState icon="archive" title="Storage is not shown to you">
        {unseen}
      </EmptyState>
    );
  }
  if (storage.isPending) return <SkeletonRows rows={3} height={140} label="storage" />;
  if (storage.isError) return <ErrorState error={storage.error} what="storage" onRetry={() => void storage.refetch()} />;
  const { kinds, compresses } = storage.data;
  return (
    <div className={styles["stack"]}>
      <p>{storageSentence(storage.data)}</p>
      {kinds.map((kind) => (
        <KindPanel key={kind.kind} kind={kind} compresses={compresses} denial={denial} onChange={() => setChanging(kind)} />
      ))}
      <p className={styles["note"]}>Rows are counted; task runs on the day on which their run was made, a row of a histogram as the values that it stands for. Sizes are estimates: your rows times the average row of the parts that workspaces share, with their indexes. Sums by hour and by day are kept longer, so that charts go on.</p>
      {changing !== null && <RetentionDialog kind={changing} onClose={() => setChanging(null)} />}
    </div>
  );
}

const PAGES = { runs: paths.runs, events: paths.events, logs: paths.logs, metrics: paths.metrics } as const;

interface KindPanelProps {
  readonly kind: StoredKind;
  readonly compresses: boolean;
  readonly denial: string | null;
  readonly onChange: () => void;
}

function KindPanel({ kind, compresses, denial, onChange }: KindPanelProps) {
  const { slug: workspace } = useWorkspace();
  const now = useNow();
  const today = new Date(now).toISOString().slice(0, 10);
  const name = STORED_WORDS[kind.kind];
  return (
    <Panel
      title={name}
      aside={
        <GuardedButton size="compact-xs" variant="default" reason={denial} aria-label={`Change how long ${name.toLowerCase()} are kept`} onClick={onChange}>
          Change
        </GuardedButton>
      }
    >
      <div className={styles["facts"]}>
        <Facts
          facts={[
            {
              term: "Rows",
              value: (
                <Link to={PAGES[kind.kind]} params={{ workspace }} search={keptRange(kind, now)} className="link">
                  {rowsText(kind)}
                </Link>
              ),
            },
            { term: "Size", value: bytesText(kind.bytes) },
            { term: "Kept", value: `${plural(kind.kept_days, "day")}${kind.own_days === null ? ", as the plan does" : ` of the plan's ${kind.plan_days}`}` },
            { term: "Compression", value: compressionText(kind, compresses) },
          ]}
        />
      </div>
      {kind.rows === 0 ? <p className="muted">None in this time.</p> : <DayBars days={everyDay(kind.days, today)} today={today} label={`${name} by day`} show={(count) => plural(count, "row")} height={90} />}
    </Panel>
  );
}
