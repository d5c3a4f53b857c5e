import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable, type Column } from "@/components/ui/endless-table";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { PageHeader } from "@/components/ui/page-header";
import { RelativeTime } from "@/components/ui/relative-time";
import { SearchInput } from "@/components/ui/search-input";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { serviceAccountsQuery } from "@/features/account/api/service-accounts";
import type { NameSearch } from "@/features/account/search";
import { ServiceAccountDialog } from "@/features/account/service-accounts/service-account-dialog";
import { useAccount, useAccountDenial } from "@/lib/account";
import { formatCount, plural } from "@/lib/units";
import type { ServiceAccount } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface ServiceAccountsPageProps {
  readonly search: NameSearch;
  readonly onChange: (search: NameSearch) => void;
}

/** Which machines act here, and with what? */
export function ServiceAccountsPage({ search, onChange }: ServiceAccountsPageProps) {
  const account = useAccount();
  const navigate = useNavigate();
  const denial = useAccountDenial("service_accounts:manage");
  const accounts = useInfiniteQuery(serviceAccountsQuery(account.id, search.q));
  const { rows, more } = usePages(accounts);
  const [creating, setCreating] = useState(false);
  const open = (id: string) => void navigate({ to: paths.serviceAccount, params: { account: account.id, serviceAccount: id } });
  const create = (
    <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setCreating(true)}>
      Create service account
    </GuardedButton>
  );
  return (
    <>
      <PageHeader title="Service accounts" answer="Members that are no person: their keys stay when people leave.">
        {create}
      </PageHeader>
      <div className={styles["filters"]} role="search" aria-label="Filter service accounts">
        <SearchInput value={search.q ?? ""} label="Search service accounts" onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
      </div>
      <ListStates
        query={accounts}
        what="service accounts"
        count={rows.length}
        rows={5}
        empty={
          <EmptyState icon="robot" title={search.q === undefined ? "No service accounts yet" : "None is called that"} action={search.q === undefined ? create : undefined}>
            Make one per thing that acts by itself: the deploys of CI, the agents of a data centre. Give it a role, then keys.
          </EmptyState>
        }
      >
        <EndlessTable
          label="Service accounts"
          columns={columnsFor(account.id)}
          rows={rows}
          rowKey={(row) => row.id}
          hasMore={accounts.hasNextPage}
          onMore={more}
          stale={accounts.isPlaceholderData}
          onOpen={(row) => open(row.id)}
          isOff={(row) => row.disabled_at !== null}
          end={plural(rows.length, "service account")}
        />
      </ListStates>
      {creating && <ServiceAccountDialog existing={null} onClose={() => setCreating(false)} onDone={(made) => open(made.id)} />}
    </>
  );
}

function columnsFor(account: string): readonly Column<ServiceAccount>[] {
  return [
    {
      key: "name",
      label: "Service account",
      width: "minmax(180px, 1.4fr)",
      cell: (row) => (
        <>
          <Link to={paths.serviceAccount} params={{ account, serviceAccount: row.id }} className={styles["name"]}>
            {row.name}
          </Link>
          <span className={styles["under"]}>{row.disabled_at === null ? row.description : "disabled: its keys do nothing"}</span>
        </>
      ),
    },
    {
      key: "roles",
      label: "Roles",
      width: "minmax(180px, 1.6fr)",
      cell: (row) => (row.workspaces.length === 0 ? <span className="muted">none</span> : row.workspaces.map((grant) => `${grant.name}: ${grant.role_name}`).join(", ")),
    },
    { key: "keys", label: "Keys", width: "60px", align: "right", cell: (row) => formatCount(row.keys) },
    { key: "used", label: "Last used", width: "84px", align: "right", cell: (row) => <RelativeTime at={row.last_used_at} none="never" /> },
    { key: "by", label: "Made by", width: "minmax(110px, 0.8fr)", from: "wide", cell: (row) => row.created_by?.name ?? <span className="muted">–</span> },
  ];
}
