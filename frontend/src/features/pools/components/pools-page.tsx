import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { changePool, poolKeys, poolKindsQuery, poolsQuery } from "@/features/pools/api/pools";
import { AgentsPanel } from "@/features/pools/components/agents-panel";
import { DepthPanel } from "@/features/pools/components/depth-panel";
import { ManagedPanel } from "@/features/pools/components/managed-panel";
import { PoolCards } from "@/features/pools/components/pool-cards";
import { PoolDialog } from "@/features/pools/components/pool-dialog";
import { QueuesPanel } from "@/features/pools/components/queues-panel";
import { SettingsPanel } from "@/features/pools/components/settings-panel";
import { TasksPanel } from "@/features/pools/components/tasks-panel";
import { chosenPool, type PoolsSearch } from "@/features/pools/model";
import { asApiError } from "@/lib/errors";
import { reasonOf } from "@/lib/may";
import { formatCount, plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";

import styles from "./pools.module.css";

interface PoolsPageProps {
  /** Who may run in the pool, below its queues. */
  readonly aside?: (pool: { readonly id: string; readonly name: string }) => ReactNode;
  readonly search: PoolsSearch;
  readonly onChange: (search: PoolsSearch) => void;
}

/** Where does it run? */
export function PoolsPage({ aside, search, onChange }: PoolsPageProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("pools:write");
  const [creating, setCreating] = useState(false);
  const pools = useQuery(poolsQuery(slug));
  const kinds = useQuery(poolKindsQuery(slug));
  const all = pools.data?.items ?? [];
  const pool = chosenPool(all, search.pool);
  const pause = useMutation({
    mutationFn: ({ id, paused }: { id: string; paused: boolean }) => changePool(slug, id, { paused }),
    onSuccess: () => client.invalidateQueries({ queryKey: poolKeys.all(slug) }),
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  const sum = (pick: "running" | "queued" | "agents_online") => all.reduce((total, each) => total + each[pick], 0);

  return (
    <>
      <PageHeader
        title="Pools and agents"
        answer={
          pools.isSuccess && (
            <>
              <strong>{plural(sum("agents_online"), "agent")}</strong> online ·{" "}
              <Link to={paths.runs} params={{ workspace: slug }} search={{ state: ["running"], range: "30d" }} className="link">
                {formatCount(sum("running"))} running
              </Link>{" "}
              ·{" "}
              <Link to={paths.runs} params={{ workspace: slug }} search={{ state: ["scheduled", "late", "held", "pending"], range: "30d" }} className="link">
                {formatCount(sum("queued"))} waiting
              </Link>
            </>
          )
        }
      >
        {pool !== undefined && (
          <GuardedButton
            variant="default"
            reason={denial ?? reasonOf(pool.may["pools:write"])}
            loading={pause.isPending}
            leftSection={<Icon name={pool.paused ? "play" : "pause"} size={13} />}
            onClick={() => pause.mutate({ id: pool.id, paused: !pool.paused })}
          >
            {pool.paused ? `Resume ${pool.name}` : `Pause ${pool.name}`}
          </GuardedButton>
        )}
        <GuardedButton variant="default" reason={denial ?? (kinds.isError ? "The kinds of pools could not be read." : null)} leftSection={<Icon name="plus" size={13} />} onClick={() => setCreating(true)}>
          Create pool
        </GuardedButton>
      </PageHeader>
      {pools.isPending && <SkeletonRows rows={4} height={72} label="pools" />}
      {pools.isError && <ErrorState error={pools.error} what="pools" onRetry={() => void pools.refetch()} />}
      {pools.isSuccess && pool === undefined && (
        <EmptyState icon="pools" title="No pools" code="headway agent start --pool default">
          A pool is where runs wait for an agent. Create one, then start an agent for it.
        </EmptyState>
      )}
      {pool !== undefined && (
        <div className={styles["stack"]}>
          <PoolCards pools={all} chosen={pool.id} onChoose={(id) => onChange({ ...search, pool: id, queue: undefined })} />
          {pool.kind === "MANAGED" ? (
            <>
              {pool.managed && <ManagedPanel pool={pool} managed={pool.managed} />}
              <TasksPanel pool={pool.name} />
            </>
          ) : (
            <AgentsPanel pool={pool} />
          )}
          <QueuesPanel pool={pool} />
          <DepthPanel key={`depth-${pool.id}`} pool={pool} search={search} onChange={(change) => onChange({ ...search, pool: pool.id, ...change })} />
          <SettingsPanel key={`settings-${pool.id}`} pool={pool} />
          {aside?.(pool)}
        </div>
      )}
      {creating && kinds.isSuccess && (
        <PoolDialog
          kinds={kinds.data.items}
          onClose={() => setCreating(false)}
          onSaved={(id) => {
            setCreating(false);
            onChange({ pool: id });
          }}
        />
      )}
    </>
  );
}
