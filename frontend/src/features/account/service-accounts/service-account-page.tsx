import { Skeleton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { CopyId } from "@/components/ui/copy-id";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { accountKeys } from "@/features/account/api/keys";
import { deleteServiceAccount, serviceAccountQuery, setDisabled } from "@/features/account/api/service-accounts";
import { ServiceAccountDialog } from "@/features/account/service-accounts/service-account-dialog";
import { GrantsPanel } from "@/features/account/ui/grants-panel";
import { useAccount, useAccountDenial } from "@/lib/account";
import { formatDay } from "@/lib/time";
import { plural } from "@/lib/units";
import type { ServiceAccount } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface ServiceAccountPageProps {
  readonly id: string;
  /** Its keys. */
  readonly keys: (of: ServiceAccount) => ReactNode;
  readonly onDeleted: () => void;
}

/** What may this machine do, and with which keys does it come? */
export function ServiceAccountPage({ id, keys, onDeleted }: ServiceAccountPageProps) {
  const account = useAccount();
  const found = useQuery(serviceAccountQuery(account.id, id));
  if (found.isPending) return <Skeleton height={240} role="status" aria-label="Loading the service account" />;
  if (found.isError) return <ErrorState error={found.error} what="service account" onRetry={() => void found.refetch()} />;
  return <Body service={found.data} keys={keys} onDeleted={onDeleted} />;
}

interface BodyProps extends Pick<ServiceAccountPageProps, "keys" | "onDeleted"> {
  readonly service: ServiceAccount;
}

function Body({ service, keys, onDeleted }: BodyProps) {
  const account = useAccount();
  const client = useQueryClient();
  const denial = useAccountDenial("service_accounts:manage");
  const [asking, setAsking] = useState<"edit" | "disable" | "delete" | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: accountKeys.all(account.id) });
  const done = () => setAsking(null);
  const disable = useMutation({
    mutationFn: (off: boolean) => setDisabled(account.id, service.id, off),
    onSuccess: async (_, off) => {
      notifications.show({ message: `${service.name} ${off ? "disabled" : "enabled"}` });
      done();
      await refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => deleteServiceAccount(account.id, service.id),
    onSuccess: async () => {
      onDeleted();
      await refresh();
    },
  });
  const off = service.disabled_at !== null;
  return (
    <>
      <p style={{ margin: "0 0 4px", fontSize: 13 }}>
        <Link to={paths.serviceAccounts} params={{ account: account.id }} className="link">
          Service accounts
        </Link>
      </p>
      <PageHeader title={service.name} answer={off ? "Disabled: every key of it is refused." : service.description === "" ? `${plural(service.keys, "active key")}` : service.description}>
        <GuardedButton variant="default" reason={denial} leftSection={<Icon name="edit" size={13} />} onClick={() => setAsking("edit")}>
          Change
        </GuardedButton>
        <GuardedButton variant="default" reason={denial} loading={disable.isPending && off} leftSection={<Icon name={off ? "play" : "pause"} size={13} />} onClick={() => (off ? disable.mutate(false) : setAsking("disable"))}>
          {off ? "Enable" : "Disable"}
        </GuardedButton>
        <GuardedButton variant="default" reason={denial} leftSection={<Icon name="trash" size={13} />} onClick={() => setAsking("delete")}>
          Delete
        </GuardedButton>
      </PageHeader>
      {disable.error !== null && asking === null && <Refusal error={disable.error} />}
      <div className={styles["stack"]}>
        <Facts
          facts={[
            { term: "Made by", value: service.created_by?.name ?? "–" },
            { term: "Created", value: formatDay(service.created_at) },
            { term: "Last used", value: <RelativeTime at={service.last_used_at} none="never" /> },
            {
              term: "What it changed",
              value: (
                <Link to={paths.audit} params={{ account: account.id }} search={{ q: service.name }} className="link">
                  Audit log
                </Link>
              ),
            },
            { term: "Id", value: <CopyId id={service.id} label="service account id" /> },
          ]}
        />
        <GrantsPanel kind="service_account" id={service.id} name={service.name} grants={service.workspaces} denial={denial} onChanged={refresh} />
        {keys(service)}
      </div>
      {asking === "edit" && <ServiceAccountDialog existing={service} onClose={done} onDone={done} />}
      <ConfirmDialog
        opened={asking === "disable"}
        title={`Disable ${service.name}`}
        verb="Disable service account"
        danger
        busy={disable.isPending}
        error={disable.error}
        onConfirm={() => disable.mutate(true)}
        onClose={done}
      >
        {plural(service.keys, "key")} {service.keys === 1 ? "is" : "are"} refused within a second. Enabling it makes them work again.
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === "delete"}
        title={`Delete ${service.name}`}
        verb="Delete service account"
        danger
        typeName={service.name}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={done}
      >
        {plural(service.keys, "key")} and roles in {plural(service.workspaces.length, "workspace")} go with it; what uses them is refused at once. To stop it for a time, disable it instead.
      </ConfirmDialog>
    </>
  );
}
