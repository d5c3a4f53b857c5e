import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { SearchInput } from "@/components/ui/search-input";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { TabBar } from "@/components/ui/tab-bar";
import { useRowKeys } from "@/components/ui/use-row-keys";
import { paths } from "@/config/paths";
import { automationsQuery } from "@/features/automations/api/automations";
import { AutomationListRow } from "@/features/automations/components/automation-list-row";
import { FiringHistory } from "@/features/automations/components/firing-history";
import { filterAutomations, firedInWeek, type AutomationsSearch } from "@/features/automations/model";
import { formatCount, plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { AutomationRow } from "@/schema/wire/automations";

import styles from "./automations.module.css";

interface AutomationsPageProps {
  readonly search: AutomationsSearch;
  readonly onChange: (change: Partial<AutomationsSearch>) => void;
}

/** What watches for me? */
export function AutomationsPage({ search, onChange }: AutomationsPageProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const denial = useDenial("automations:write");
  const automations = useQuery(automationsQuery(workspace));
  const all = automations.data?.items ?? [];
  const tab = search.tab ?? "rules";
  const create = (
    <GuardedButton
      reason={denial}
      leftSection={<Icon name="plus" size={13} />}
      onClick={() => void navigate({ to: paths.newAutomation, params: { workspace } })}
    >
      New automation
    </GuardedButton>
  );
  return (
    <>
      <PageHeader title="Automations" answer={automations.isSuccess && all.length > 0 && <Answer all={all} onHistory={() => onChange({ tab: "history" })} />}>
        {all.length > 0 && create}
      </PageHeader>
      <TabBar
        label="Automations"
        value={tab}
        onChange={(next) => onChange({ tab: next === "rules" ? undefined : next, firing: undefined })}
        tabs={[
          { value: "rules", label: "Rules" },
          { value: "history", label: "History" },
        ]}
      />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} className={styles["panel"]}>
        {tab === "history" ? (
          <FiringHistory automationId={null} opened={search.firing} onOpen={(firing) => onChange({ firing })} />
        ) : (
          <>
            {automations.isPending && <SkeletonRows rows={5} height={64} label="automations" />}
            {automations.isError && <ErrorState error={automations.error} what="automations" onRetry={() => void automations.refetch()} />}
            {automations.isSuccess && all.length === 0 && (
              <EmptyState icon="automations" title="Nothing watches for you yet" action={create}>
                “When a table is not updated within a day, notify the team.” “When a run fails three times within an hour, run the repair.” An automation
                is one such sentence.
              </EmptyState>
            )}
            {all.length > 0 && <Rules all={all} search={search} onChange={onChange} />}
          </>
        )}
      </div>
    </>
  );
}

interface RulesProps extends AutomationsPageProps {
  readonly all: readonly AutomationRow[];
}

function Rules({ all, search, onChange }: RulesProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const rows = filterAutomations(all, search.q);
  const active = useRowKeys(rows.length, (index) => {
    const row = rows[index];
    if (row !== undefined) void navigate({ to: paths.automation, params: { workspace, automationId: row.id } });
  });
  return (
    <>
      <div style={{ marginBottom: 12 }}>
        <SearchInput value={search.q ?? ""} label="Search automations" onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
      </div>
      {rows.length === 0 ? (
        <EmptyState icon="filter" title="No automation matches">
          Clear the search to see all {all.length}.
        </EmptyState>
      ) : (
        <Panel flush>
          <ul className={styles["list"]} aria-label="Automations">
            {rows.map((row, index) => (
              <AutomationListRow key={row.id} row={row} active={index === active} />
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

function Answer({ all, onHistory }: { readonly all: readonly AutomationRow[]; readonly onHistory: () => void }) {
  const { slug: workspace } = useWorkspace();
  const paused = all.filter((row) => row.paused).length;
  const today = all.reduce((sum, row) => sum + (row.firings_7d.at(-1) ?? 0), 0);
  const week = all.reduce((sum, row) => sum + firedInWeek(row), 0);
  return (
    <>
      <strong>{all.length === paused ? "Nothing watches" : `${plural(all.length - paused, "automation")} ${all.length - paused === 1 ? "watches" : "watch"}`}</strong>
      {" · "}
      <Link
        to={paths.automations}
        params={{ workspace }}
        search={{ tab: "history" }}
        className="link"
        onClick={(event) => {
          event.preventDefault();
          onHistory();
        }}
      >
        fired {plural(today, "time")} today
      </Link>
      , {formatCount(week)} in 7 days
      {paused > 0 && ` · ${formatCount(paused)} paused`}
    </>
  );
}
