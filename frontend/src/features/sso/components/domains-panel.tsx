import { ActionIcon, Button, Select, TextInput, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { addDomain, removeDomain, routeDomain, ssoKey, verifyDomain } from "@/features/sso/api/sso";
import { CopyValues } from "@/features/sso/components/copy-values";
import { Problem } from "@/features/sso/components/problem";
import { domainState } from "@/features/sso/model";
import { asApiError } from "@/lib/errors";
import type { SsoConnection, SsoDomain } from "@/schema/wire/sso";

import styles from "./sso.module.css";

interface DomainsPanelProps {
  readonly account: string;
  readonly domains: readonly SsoDomain[];
  readonly connections: readonly SsoConnection[];
}

/** Which mail domains are the account's own: only their addresses may its provider name. */
export function DomainsPanel({ account, domains, connections }: DomainsPanelProps) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const add = useMutation({
    mutationFn: () => addDomain(account, name.trim()),
    onSuccess: () => {
      setName("");
      return client.invalidateQueries({ queryKey: ssoKey(account) });
    },
  });
  return (
    <Panel title="Mail domains" flush>
      {domains.length > 0 && (
        <ul className={styles["list"]} aria-label="Mail domains">
          {domains.map((domain) => (
            <DomainItem key={domain.id} account={account} domain={domain} connections={connections} />
          ))}
        </ul>
      )}
      <form
        className={styles["item"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") add.mutate();
        }}
      >
        <div className={styles["row"]} style={{ alignItems: "flex-end" }}>
          <TextInput
            className={styles["grow"] ?? ""}
            label="Add a domain"
            description="What stands behind the @ in your people’s addresses"
            placeholder="acme.com"
            spellCheck={false}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={add.error === null ? undefined : (asApiError(add.error).fields["domain"]?.[0] ?? asApiError(add.error).message)}
          />
          <GuardedButton variant="default" reason={name.trim() === "" ? "Write the domain first." : null} loading={add.isPending}>
            Add domain
          </GuardedButton>
        </div>
      </form>
    </Panel>
  );
}

interface DomainItemProps {
  readonly account: string;
  readonly domain: SsoDomain;
  readonly connections: readonly SsoConnection[];
}

function DomainItem({ account, domain, connections }: DomainItemProps) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ssoKey(account) });
  const [removing, setRemoving] = useState(false);
  const check = useMutation({
    mutationFn: () => verifyDomain(account, domain.id),
    onSuccess: () => notifications.show({ message: `${domain.domain} is yours` }),
    onSettled: refresh,
  });
  const route = useMutation({ mutationFn: (connection: string | null) => routeDomain(account, domain.id, connection), onSuccess: refresh });
  const remove = useMutation({ mutationFn: () => removeDomain(account, domain.id), onSuccess: refresh });
  const state = domainState(domain);
  return (
    <li className={styles["item"]}>
      <div className={styles["row"]}>
        <span className={`${styles["name"] ?? ""} ${styles["grow"] ?? ""}`}>{domain.domain}</span>
        <span className={styles["badge"]} data-tone={{ verified: "ok", missing: "bad", claimed: "warn" }[state]}>
          <Icon name={state === "verified" ? "check" : state === "missing" ? "alert" : "clock"} size={12} />
          {{ verified: "Verified", missing: "Record is gone", claimed: "Not verified" }[state]}
        </span>
        <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
          Check
        </Button>
        <Tooltip label="Remove domain">
          <ActionIcon aria-label={`Remove ${domain.domain}`} onClick={() => setRemoving(true)}>
            <Icon name="trash" size={14} />
          </ActionIcon>
        </Tooltip>
      </div>
      {state !== "verified" && (
        <>
          <p className={styles["note"]}>
            {state === "missing" ? (
              <>
                The record can’t be found any more. The domain is lost <RelativeTime at={domain.lost_at} /> unless it comes back.
              </>
            ) : (
              "Add this TXT record at your name servers, then check. It has to stay: it is looked for again every day."
            )}
          </p>
          <CopyValues
            label={`TXT record of ${domain.domain}`}
            values={[
              { label: "Name", value: domain.domain },
              { label: "TXT value", value: domain.record },
            ]}
          />
        </>
      )}
      {check.error !== null && <Problem error={check.error} more={foundWords(check.error)} />}
      {state !== "claimed" && connections.length > 1 && (
        <Select
          label="Signs in by"
          w={280}
          data={[{ value: "", label: "The connection activated first" }, ...connections.map((each) => ({ value: each.id, label: each.name }))]}
          value={domain.connection_id ?? ""}
          allowDeselect={false}
          onChange={(next) => route.mutate(next === "" ? null : next)}
          error={route.error?.message}
        />
      )}
      <ConfirmDialog
        opened={removing}
        title={`Remove ${domain.domain}`}
        verb="Remove domain"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={() => setRemoving(false)}
      >
        Nobody with an address in it can sign in by the provider any more. Members and what they have stay.
      </ConfirmDialog>
    </li>
  );
}

function foundWords(error: unknown): string {
  const { found } = asApiError(error).details;
  const texts = Array.isArray(found) ? found.filter((each): each is string => typeof each === "string") : [];
  return texts.length === 0 ? "" : `Found: ${texts.join(", ")}`;
}
