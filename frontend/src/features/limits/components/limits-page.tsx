import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { usePages } from "@/components/ui/use-pages";
import { deleteLimit, limitKeys, limitsQuery } from "@/features/limits/api/limits";
import { Holders } from "@/features/limits/components/holders";
import { LimitDialog } from "@/features/limits/components/limit-dialog";
import { fullness, KIND_WORDS, usageText, waitingText } from "@/features/limits/model";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Limit } from "@/schema/wire/limits";

import styles from "./limits.module.css";

const OF_BACKFILL = "It is changed at its backfill.";

/** What keeps runs back, and who has it? */
export function LimitsPage() {
  const { slug } = useWorkspace();
  const denial = useDenial("deployments:write");
  const limits = useInfiniteQuery(limitsQuery(slug));
  const { rows, more } = usePages(limits);
  const [changing, setChanging] = useState<Limit | "new" | null>(null);
  const [ending, setEnding] = useState<Limit | null>(null);
  const full = rows.filter((limit) => limit.waiting > 0).length;
  return (
    <>
      <PageHeader title="Concurrency" answer={limits.isSuccess && rows.length > 0 && <span>{full === 0 ? "Nobody waits for a limit." : `${plural(full, "limit")} with somebody waiting.`}</span>}>
        <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setChanging("new")}>
          Set a limit
        </GuardedButton>
      </PageHeader>
      {limits.isPending && <SkeletonRows rows={4} height={56} label="limits" />}
      {limits.isError && <ErrorState error={limits.error} what="limits" onRetry={() => void limits.refetch()} />}
      {limits.isSuccess && rows.length === 0 && (
        <EmptyState icon="layers" title="Everything may run at once" code={'with concurrency("warehouse", 2):\n    ...'}>
          A limit keeps runs back until there is room: of a pool, a queue, a deployment, a flow or a tag. Code asks for one by its name.
        </EmptyState>
      )}
      {rows.length > 0 && (
        <Panel flush>
          <ul className={styles["rows"]} aria-label="Limits">
            {rows.map((limit) => (
              <LimitRow key={limit.id} limit={limit} denial={denial} onChange={() => setChanging(limit)} onEnd={() => setEnding(limit)} />
            ))}
          </ul>
        </Panel>
      )}
      {limits.hasNextPage && (
        <GuardedButton variant="default" reason={null} loading={limits.isFetchingNextPage} mt="sm" onClick={more}>
          Show more
        </GuardedButton>
      )}
      {changing !== null && <LimitDialog limit={changing === "new" ? undefined : changing} onClose={() => setChanging(null)} />}
      {ending !== null && <EndLimit limit={ending} onClose={() => setEnding(null)} />}
    </>
  );
}

interface LimitRowProps {
  readonly limit: Limit;
  readonly denial: string | null;
  readonly onChange: () => void;
  readonly onEnd: () => void;
}

function LimitRow({ limit, denial, onChange, onEnd }: LimitRowProps) {
  const [open, setOpen] = useState(false);
  const share = fullness(limit);
  const reason = limit.kind === "BACKFILL" ? OF_BACKFILL : denial;
  const waiting = waitingText(limit);
  return (
    <li className={styles["row"]}>
      <div className={styles["line"]}>
        <div className={styles["name"]}>
          {share === null ? (
            <strong>{limit.name}</strong>
          ) : (
            <button type="button" className={styles["plain"]} aria-expanded={open} onClick={() => setOpen(!open)}>
              <Icon name={open ? "chevronDown" : "chevronRight"} size={12} /> {limit.name}
            </button>
          )}
          <span className={styles["under"]}>
            {KIND_WORDS[limit.kind]}
            {limit.made_by_code && " · set by the code"}
          </span>
        </div>
        <div className={styles["usage"]}>
          {usageText(limit)}
          {share !== null && (
            <span className={styles["bar"]} aria-hidden="true">
              <span style={{ width: `${share * 100}%` }} data-full={share === 1} />
            </span>
          )}
        </div>
        <div className={styles["waiting"]}>{waiting === null ? <span className="muted">nobody waits</span> : `${waiting} waiting`}</div>
        <div className={styles["actions"]}>
          <GuardedIcon icon="edit" label="Change" name={`Change ${limit.name}`} reason={reason} onClick={onChange} />
          <GuardedIcon icon="trash" label="Remove" name={`Remove ${limit.name}`} reason={reason} onClick={onEnd} />
        </div>
      </div>
      {open && <Holders limit={limit} />}
    </li>
  );
}

function EndLimit({ limit, onClose }: { readonly limit: Limit; readonly onClose: () => void }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => deleteLimit(slug, limit.id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: limitKeys.all(slug) });
      onClose();
    },
  });
  const waiting = waitingText(limit);
  return (
    <ConfirmDialog opened title={`Remove the limit of ${limit.name}?`} verb="Remove limit" danger busy={end.isPending} error={end.error} onConfirm={() => end.mutate()} onClose={onClose}>
      {waiting === null ? "Nothing keeps its runs back from then on." : `What waits for it (${waiting}) starts as soon as there is an agent.`}
    </ConfirmDialog>
  );
}
