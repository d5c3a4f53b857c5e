import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { networksQuery, securityQuery } from "@/features/account/api/security";
import { AllowList } from "@/features/account/security/allow-list";
import { RequireMfa } from "@/features/account/security/require-mfa";
import { WhoHasWhat } from "@/features/account/security/who-has-what";
import { useAccount, useAccountDenial } from "@/lib/account";
import { plural } from "@/lib/units";
import type { SecuritySummary } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

/** Who has what, and what is worth a look? */
export function SecurityPage() {
  const account = useAccount();
  const denial = useAccountDenial("security:manage", true);
  const summary = useQuery({ ...securityQuery(account.id), enabled: denial === null });
  const networks = useQuery({ ...networksQuery(account.id), enabled: denial === null });
  if (denial !== null) {
    return (
      <>
        <PageHeader title="Security" />
        <EmptyState icon="shield" title="This is not shown to you">
          {denial}
        </EmptyState>
      </>
    );
  }
  return (
    <>
      <PageHeader title="Security" answer={summary.data === undefined ? "" : answer(summary.data)} />
      {summary.isPending && (
        <div role="status" aria-label="Loading the security of the account" className={styles["stack"]}>
          <Skeleton height={180} />
          <Skeleton height={120} />
          <Skeleton height={160} />
        </div>
      )}
      {summary.isError && <ErrorState error={summary.error} what="security" onRetry={() => void summary.refetch()} />}
      {summary.data !== undefined && (
        <div className={styles["stack"]}>
          <WhoHasWhat summary={summary.data} />
          <Panel title="Second factor">
            <RequireMfa summary={summary.data} />
          </Panel>
          <Panel title="Single sign-on">
            <p style={{ margin: 0 }}>
              {summary.data.sso.connections === 0
                ? "Not set up: people log in with a password, a passkey or a social login."
                : `${plural(summary.data.sso.active, "active connection")}; ${summary.data.sso.required ? "required of everybody but owners who break the glass." : "not required: passwords work too."}`}{" "}
              <Link to={paths.accountSso} params={{ account: account.id }} search={{ tested: undefined }} className="link">
                {summary.data.sso.connections === 0 ? "Set it up" : "See the connections"}
              </Link>
            </p>
          </Panel>
          <Panel title="Allowed networks" aside={networks.data === undefined ? undefined : networks.data.items.length === 0 ? "from everywhere" : plural(networks.data.items.length, "network")}>
            {networks.isPending && <Skeleton height={80} role="status" aria-label="Loading the networks" />}
            {networks.isError && <ErrorState error={networks.error} what="networks" onRetry={() => void networks.refetch()} />}
            {networks.data !== undefined && <AllowList key={JSON.stringify(networks.data.items)} networks={networks.data} />}
          </Panel>
          <p className="muted" style={{ margin: 0, fontSize: 13 }}>
            What was changed here stands in the{" "}
            <Link to={paths.audit} params={{ account: account.id }} search={{ action: "account." }} className="link">
              audit log
            </Link>
            .
          </p>
        </div>
      )}
    </>
  );
}

/** What needs a look, in a sentence. */
export function answer({ people, keys }: SecuritySummary): string {
  const worries = [
    ...(people.without_mfa > 0 ? [`${plural(people.without_mfa, "member")} without a second factor`] : []),
    ...(keys.stale > 0 ? [plural(keys.stale, "stale key")] : []),
    ...(keys.endless > 0 ? [`${plural(keys.endless, "key")} without an end`] : []),
  ];
  return worries.length === 0 ? "Nothing stands out." : `Worth a look: ${worries.join(", ")}.`;
}
