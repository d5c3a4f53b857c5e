import { SegmentedControl, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { DayBars } from "@/components/charts/day-bars";
import { ErrorState } from "@/components/ui/error-state";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { accountUsageQuery, planQuery, usageQuery } from "@/features/billing/api/billing";
import { BillingNav } from "@/features/billing/components/billing-nav";
import { MeterCards } from "@/features/billing/components/meter-cards";
import { MonthSwitch } from "@/features/billing/components/month-switch";
import { DeploymentTable, WorkspaceTable } from "@/features/billing/components/usage-tables";
import { WarningsPanel } from "@/features/billing/components/warnings-panel";
import { usageSentence, type UsageSearch } from "@/features/billing/model";
import { useBilled } from "@/features/billing/use-billed";
import { meterName, meterScale, meterText } from "@/lib/meters";
import { useNow } from "@/lib/now";
import { monthOf } from "@/lib/time";
import type { Usage } from "@/schema/wire/billing";

import styles from "./billing.module.css";

interface UsagePageProps {
  readonly search: UsageSearch;
  readonly onChange: (change: Partial<UsageSearch>) => void;
}

/** What does it cost? */
export function UsagePage({ search, onChange }: UsagePageProps) {
  const { account, workspace, denial } = useBilled();
  const present = monthOf(useNow());
  const month = search.month === undefined || search.month > present ? present : search.month;
  // The present month is asked for without its name, as the banner does.
  const asked = month === present ? undefined : month;
  const ofAccount = workspace === null || search.of === "account";
  const plan = useQuery({ ...planQuery(account.id), enabled: workspace !== null });
  const here = useQuery({ ...usageQuery(workspace?.slug ?? "", asked), enabled: !ofAccount && denial === null });
  const whole = useQuery({ ...accountUsageQuery(account.id, asked), enabled: ofAccount && (workspace !== null || denial === null) });
  const usage = ofAccount ? whole : here;

  return (
    <>
      <PageHeader title="Usage" answer={usage.data === undefined ? "" : usageSentence(usage.data, ofAccount)}>
        {workspace !== null && (plan.isSuccess || ofAccount) && (
          <SegmentedControl
            aria-label="Usage of"
            size="xs"
            data={[
              { value: "workspace", label: "This workspace" },
              { value: "account", label: `All of ${account.name}` },
            ]}
            value={ofAccount ? "account" : "workspace"}
            onChange={(of) => onChange({ of: of === "account" ? "account" : undefined })}
          />
        )}
        <MonthSwitch month={month} present={present} onChange={(next) => onChange({ month: next === present ? undefined : next })} />
      </PageHeader>
      <BillingNav />
      {denial !== null && (!ofAccount || workspace === null) && <p className={styles["empty"]}>{denial}</p>}
      {usage.isLoading && <UsageSkeleton />}
      {usage.isError && <ErrorState error={usage.error} what="usage" onRetry={() => void usage.refetch()} />}
      {usage.data !== undefined && (
        <Shown usage={usage.data} ofAccount={ofAccount} stale={usage.isPlaceholderData} meter={search.meter} onMeter={(meter) => onChange({ meter })} />
      )}
    </>
  );
}

interface ShownProps {
  readonly usage: Usage;
  readonly ofAccount: boolean;
  readonly stale: boolean;
  readonly meter: string | undefined;
  readonly onMeter: (meter: string | undefined) => void;
}

function Shown({ usage, ofAccount, stale, meter: wanted, onMeter }: ShownProps) {
  const today = new Date(useNow()).toISOString().slice(0, 10);
  const first = usage.meters[0];
  const meter = usage.meters.find((each) => each.meter === wanted) ?? first;
  if (meter === undefined) return <p className={styles["empty"]}>Nothing is counted here.</p>;
  return (
    <div className={styles["stack"]} data-stale={stale || undefined}>
      {!usage.billing && (
        <p className={styles["note"]} role="note">
          Billing is off: this Headway is hosted by its users. What is used is counted, and nothing is limited.
        </p>
      )}
      <MeterCards usage={usage} chosen={meter.meter} onChoose={(next) => onMeter(next === first?.meter ? undefined : next)} />
      <Panel title={`${meterName(meter.meter)} by day`} aside="days of UTC">
        <DayBars
          days={meter.by_day}
          today={today}
          per={meterScale(meter.meter)}
          label={`${meterText(meter.meter, meter.used)} by day`}
          show={(quantity) => meterText(meter.meter, quantity)}
        />
      </Panel>
      <div className={styles["columns"]}>
        <div className={styles["stack"]}>
          {ofAccount && <WorkspaceTable usage={usage} meter={meter} />}
          <DeploymentTable usage={usage} meter={meter} named={ofAccount} />
        </div>
        {usage.billing && <WarningsPanel usage={usage} />}
      </div>
    </div>
  );
}

function UsageSkeleton() {
  return (
    <div role="status" aria-label="Loading the usage" className={styles["stack"]}>
      <Skeleton height={132} />
      <Skeleton height={220} />
      <Skeleton height={200} />
    </div>
  );
}
