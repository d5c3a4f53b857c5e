import { SegmentedControl, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { costsQuery } from "@/features/costs/api/costs";
import { BudgetsPanel } from "@/features/costs/components/budgets-panel";
import { GroupTable } from "@/features/costs/components/group-table";
import { RunsPanel } from "@/features/costs/components/runs-panel";
import { costsSentence, GROUP_WORDS, GROUPS, hasExamples, RANGE_WORDS, RANGES, spanOf, unpricedText, type CostRange, type CostsSearch } from "@/features/costs/model";
import { useNow } from "@/lib/now";
import { formatDates } from "@/lib/time";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Costs, CostsBy } from "@/schema/wire/costs";

import styles from "./costs.module.css";

interface CostsPageProps {
  readonly search: CostsSearch;
  readonly onChange: (change: CostsSearch) => void;
}

const OWN_DAYS = "days";

/** What do runs cost, and whose are they? */
export function CostsPage({ search, onChange }: CostsPageProps) {
  const { slug } = useWorkspace();
  const denial = useDenial("usage:read");
  const by = search.by ?? "deployment";
  const span = spanOf(search, useNow());
  const costs = useQuery({ ...costsQuery(slug, { by, ...span }), enabled: denial === null });
  const opened = costs.data?.groups.find((group) => group.key === search.of);
  const named = search.from !== undefined ? OWN_DAYS : (search.range ?? "month");
  return (
    <>
      <PageHeader title="Costs" answer={costs.data === undefined ? "" : costsSentence(costs.data)}>
        <Select
          aria-label="Which days"
          size="xs"
          w={190}
          allowDeselect={false}
          data={[...RANGES.map((value) => ({ value, label: RANGE_WORDS[value] })), ...(named === OWN_DAYS ? [{ value: OWN_DAYS, label: formatDates(span.from, span.to) }] : [])]}
          value={named}
          onChange={(next) => {
            if (next !== null && next !== OWN_DAYS) onChange({ range: next === "month" ? undefined : (next as CostRange), from: undefined, to: undefined, of: undefined });
          }}
        />
        <SegmentedControl
          aria-label="Grouped by"
          size="xs"
          data={GROUPS.map((value) => ({ value, label: GROUP_WORDS[value] }))}
          value={by}
          onChange={(next) => onChange({ by: next === "deployment" ? undefined : (next as CostsBy), of: undefined })}
        />
      </PageHeader>
      {denial !== null && (
        <EmptyState icon="coin" title="Costs are not shown to you">
          {denial}
        </EmptyState>
      )}
      {costs.isLoading && <SkeletonRows rows={6} height={48} label="costs" />}
      {costs.isError && <ErrorState error={costs.error} what="costs" onRetry={() => void costs.refetch()} />}
      {costs.data !== undefined && (
        <div className={styles["stack"]} data-stale={costs.isPlaceholderData || undefined}>
          <Doubts costs={costs.data} />
          {costs.data.groups.length === 0 ? (
            <NothingYet />
          ) : (
            <Panel title={`By ${GROUP_WORDS[costs.data.by].toLowerCase()}`} aside={`${formatDates(costs.data.since, costs.data.until)}, UTC`} flush>
              <GroupTable costs={costs.data} search={search} />
            </Panel>
          )}
          {opened !== undefined && <RunsPanel key={opened.key} costs={costs.data} group={opened} search={search} />}
          <BudgetsPanel />
        </div>
      )}
    </>
  );
}

/** What of the sum is not sure. */
function Doubts({ costs }: { readonly costs: Costs }) {
  const { slug } = useWorkspace();
  const { total } = costs;
  const toPrices = (text: string) => (
    <Link to={paths.settings} params={{ workspace: slug }} search={{ tab: "prices" }} className="link">
      {text}
    </Link>
  );
  return (
    <>
      {total.unpriced.length > 0 && (
        <p className={styles["note"]} role="note">
          Not in the sum, because nobody has said what it costs: {unpricedText(total.unpriced)}. {toPrices("Say what it costs")}
        </p>
      )}
      {hasExamples(total.money) && (
        <p className={styles["note"]} role="note">
          A part of it is by example prices that come with Headway. {toPrices("Check them, or say your own")}
        </p>
      )}
    </>
  );
}

const CALL = `from headway import emit_event, flow

@flow
def summarise():
    ...
    emit_event("llm.called", payload={
        "model": "gpt-4o", "input_tokens": 1200, "output_tokens": 80,
    })`;

function NothingYet() {
  return (
    <EmptyState icon="coin" title="Nothing was used in these days" code={CALL}>
      Seconds of compute are counted by themselves. Calls of models and statements count when their events, or their OpenTelemetry spans, name the run.
    </EmptyState>
  );
}
