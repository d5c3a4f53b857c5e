import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ErrorState } from "@/components/ui/error-state";
import { Facts, type Fact } from "@/components/ui/facts";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { poolKindsQuery } from "@/features/pools/api/pools";
import { KindNote } from "@/features/pools/components/kind-note";
import { PoolDialog } from "@/features/pools/components/pool-dialog";
import { settingLines } from "@/features/pools/settings";
import { useMay } from "@/lib/may";
import { formatCount } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Pool } from "@/schema/wire/pools";

/** What executes the pool's runs, and what their jobs get unless their deployment says otherwise. */
export function SettingsPanel({ pool }: { readonly pool: Pool }) {
  const { slug } = useWorkspace();
  const kinds = useQuery(poolKindsQuery(slug));
  const denial = useMay(pool.may, "pools:write");
  const [editing, setEditing] = useState(false);
  const kind = kinds.data?.items.find((each) => each.kind === pool.kind);
  const facts: Fact[] = [
    { term: "Kind", value: kind?.label ?? pool.kind },
    { term: "Runs at once", value: pool.concurrency_limit === null ? <span className="muted">no limit</span> : formatCount(pool.concurrency_limit) },
    ...settingLines(pool.job_defaults).map(({ name, text }) => ({ term: name, value: <span className="mono">{text}</span> })),
  ];
  return (
    <Panel
      title={`Settings of ${pool.name}`}
      aside={
        <GuardedButton size="compact-xs" variant="default" reason={denial ?? (kind === undefined ? "Its kind is being read." : null)} leftSection={<Icon name="edit" size={12} />} onClick={() => setEditing(true)}>
          Change
        </GuardedButton>
      }
    >
      {kinds.isError && <ErrorState error={kinds.error} what="kinds of pools" onRetry={() => void kinds.refetch()} />}
      <Facts facts={facts} />
      {kind !== undefined && <KindNote kind={kind} />}
      {editing && kind !== undefined && <PoolDialog pool={pool} kinds={[kind]} onClose={() => setEditing(false)} onSaved={() => setEditing(false)} />}
    </Panel>
  );
}
