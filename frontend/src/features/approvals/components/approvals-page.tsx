import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { PageHeader } from "@/components/ui/page-header";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { TabBar } from "@/components/ui/tab-bar";
import { usePages } from "@/components/ui/use-pages";
import { approvalsQuery, inboxCountQuery } from "@/features/approvals/api/approvals";
import { ApprovalCard } from "@/features/approvals/components/approval-card";
import { APPROVAL_FILTERS, inboxSentence, type ApprovalFilter, type ApprovalsSearch } from "@/features/approvals/model";
import { useWorkspace } from "@/lib/workspace";

import styles from "./approvals.module.css";

interface ApprovalsPageProps {
  readonly search: ApprovalsSearch;
  readonly onChange: (search: ApprovalsSearch) => void;
}

const CODE = 'from headway import ask\n\nif ask("Ship it?", form=Release, expires_in=86_400):\n    ...';

/** What do runs want to know from us? */
export function ApprovalsPage({ search, onChange }: ApprovalsPageProps) {
  const { slug } = useWorkspace();
  const approvals = useInfiniteQuery(approvalsQuery(slug, search));
  const open = useQuery(inboxCountQuery(slug));
  const { rows, more } = usePages(approvals);
  const shown: ApprovalFilter = search.state ?? "open";
  return (
    <>
      <PageHeader title="Approvals" answer={open.isSuccess && inboxSentence(open.data.items, open.data.next_cursor !== null)} />
      <TabBar
        label="Which questions"
        value={shown}
        onChange={(next) => onChange({ state: next === "open" ? undefined : next })}
        tabs={APPROVAL_FILTERS.map((value) => ({ value, label: value.charAt(0).toUpperCase() + value.slice(1), count: value === "open" && open.isSuccess && open.data.next_cursor === null ? open.data.items.length : undefined }))}
      />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${shown}`} className={styles["panel"]}>
        {approvals.isPending && <SkeletonRows rows={4} height={88} label="approvals" />}
        {approvals.isError && <ErrorState error={approvals.error} what="approvals" onRetry={() => void approvals.refetch()} />}
        {approvals.isSuccess && rows.length === 0 && (
          <EmptyState icon="approvals" title={shown === "open" ? "Nothing waits for an answer" : "None of these"} code={CODE}>
            A run that asks waits here for who may answer: whoever may write the runs of its deployment.
          </EmptyState>
        )}
        {rows.length > 0 && (
          <ul className={styles["list"]} aria-label="Approvals" data-stale={approvals.isPlaceholderData || undefined}>
            {rows.map((approval) => (
              <ApprovalCard key={approval.id} approval={approval} />
            ))}
          </ul>
        )}
        {approvals.hasNextPage && (
          <GuardedButton variant="default" reason={null} loading={approvals.isFetchingNextPage} mt="sm" onClick={more}>
            Show more
          </GuardedButton>
        )}
      </div>
    </>
  );
}
