import { Skeleton, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { CopyId } from "@/components/ui/copy-id";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { fieldError } from "@/components/ui/form-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { PageHeader } from "@/components/ui/page-header";
import { Refusal } from "@/components/ui/refusal";
import { paths } from "@/config/paths";
import { accountQuery, renameAccount } from "@/features/account/api/account";
import { accountKeys } from "@/features/account/api/keys";
import { DangerZone, Step } from "@/features/account/general/danger-zone";
import { TransferDialog } from "@/features/account/general/transfer-dialog";
import { titled } from "@/features/account/model";
import { useAccount, useAccountDenial } from "@/lib/account";
import { formatDay } from "@/lib/time";
import { formatCount } from "@/lib/units";
import type { AccountDetail } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface GeneralPageProps {
  readonly onDeleted: () => void;
}

/** What is this account, and who may end it? */
export function AccountGeneralPage({ onDeleted }: GeneralPageProps) {
  const account = useAccount();
  const detail = useQuery(accountQuery(account.id));
  return (
    <>
      <PageHeader title="General" answer={<>of the account {account.name}, where you are {titled(account.role).toLowerCase()}</>} />
      {detail.isPending && <Skeleton height={220} role="status" aria-label="Loading the account" />}
      {detail.isError && <ErrorState error={detail.error} what="account" onRetry={() => void detail.refetch()} />}
      {detail.data !== undefined && <General key={detail.data.name} detail={detail.data} onDeleted={onDeleted} />}
    </>
  );
}

function General({ detail, onDeleted }: GeneralPageProps & { readonly detail: AccountDetail }) {
  const client = useQueryClient();
  const denial = useAccountDenial("account:manage");
  const ending = useAccountDenial("account:manage", true);
  const [name, setName] = useState(detail.name);
  const [transferring, setTransferring] = useState(false);
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: accountKeys.all(detail.id) }), client.invalidateQueries({ queryKey: ["me"] })]);
  const rename = useMutation({
    mutationFn: () => renameAccount(detail.id, name.trim()),
    onSuccess: () => {
      notifications.show({ message: "Account renamed" });
      return refresh();
    },
  });
  const unchanged = name.trim() === detail.name || name.trim() === "";
  const counted = (count: number, to: typeof paths.members | typeof paths.teams | typeof paths.serviceAccounts | typeof paths.accountWorkspaces) => (
    <Link to={to} params={{ account: detail.id }} className="link">
      {formatCount(count)}
    </Link>
  );
  return (
    <div className={`${styles["stack"]} ${styles["narrow"]}`}>
      <form
        className={styles["fields"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (denial === null && !unchanged) rename.mutate();
        }}
      >
        <TextInput label="Name" value={name} readOnly={denial !== null} onChange={(event) => setName(event.currentTarget.value)} error={fieldError(rename.error, "name")} />
        {rename.error !== null && fieldError(rename.error, "name") === undefined && <Refusal error={rename.error} />}
        <GuardedButton w="fit-content" reason={denial ?? (unchanged ? "Nothing has changed." : null)} loading={rename.isPending}>
          Save name
        </GuardedButton>
      </form>
      <Facts
        facts={[
          { term: "Members", value: counted(detail.counts.members, paths.members) },
          { term: "Workspaces", value: counted(detail.counts.workspaces, paths.accountWorkspaces) },
          { term: "Teams", value: counted(detail.counts.teams, paths.teams) },
          { term: "Service accounts", value: counted(detail.counts.service_accounts, paths.serviceAccounts) },
          {
            term: "Plan",
            value: (
              <Link to={paths.accountPlan} params={{ account: detail.id }} className="link">
                Usage and plan
              </Link>
            ),
          },
          { term: "Created", value: formatDay(detail.created_at) },
          { term: "Id", value: <CopyId id={detail.id} label="account id" /> },
        ]}
      />
      <DangerZone
        what={{ kind: "account", id: detail.id, name: detail.name }}
        archivedAt={detail.archived_at}
        deleteAfter={detail.delete_after}
        denial={ending}
        onChanged={refresh}
        onDeleted={onDeleted}
      >
        <Step title="Hand over" text="Another member becomes owner and you become admin: you keep managing people and access, and no longer the account itself.">
          <GuardedButton variant="default" reason={denial} onClick={() => setTransferring(true)}>
            Transfer ownership
          </GuardedButton>
        </Step>
      </DangerZone>
      {transferring && <TransferDialog account={detail} onClose={() => setTransferring(false)} onDone={refresh} />}
    </div>
  );
}
