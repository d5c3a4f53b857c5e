import { ActionIcon, Button, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import { accountKeys } from "@/features/account/api/keys";
import { previewNetworks, setNetworks } from "@/features/account/api/security";
import { contains } from "@/features/account/model";
import { useAccount } from "@/lib/account";
import { plural } from "@/lib/units";
import type { Network, Networks } from "@/schema/wire/account";

import styles from "./security.module.css";
import shared from "../ui/account.module.css";

/** From where people and keys may come. What would shut the editor out can't be saved. */
export function AllowList({ networks }: { readonly networks: Networks }) {
  const account = useAccount();
  const client = useQueryClient();
  const [rows, setRows] = useState<readonly Network[]>(networks.items);
  const own = networks.own_address;
  const [asking, setAsking] = useState<Networks["cut_off"]>([]);
  const wanted = () => rows.map((row) => ({ cidr: row.cidr.trim(), note: row.note.trim() }));
  const save = useMutation({
    mutationFn: () => setNetworks(account.id, wanted()),
    onSuccess: () => {
      setAsking([]);
      notifications.show({ message: rows.length === 0 ? "Everybody may come from everywhere" : "Allowed networks saved" });
      return client.invalidateQueries({ queryKey: accountKeys.security(account.id) });
    },
  });
  const look = useMutation({
    mutationFn: () => previewNetworks(account.id, wanted()),
    onSuccess: ({ cut_off }) => {
      if (cut_off.length === 0) save.mutate();
      else setAsking(cut_off);
    },
  });
  const refused = look.error ?? (asking.length === 0 ? save.error : null);
  const put = (index: number, change: Partial<Network>) => setRows(rows.map((row, at) => (at === index ? { ...row, ...change } : row)));
  const wrong = rows.map((row) => (row.cidr.trim() === "" ? "Write a network or address." : contains(row.cidr, own ?? "0.0.0.0") === null ? "Like 203.0.113.0/24 or 2001:db8::/32" : undefined));
  const inside = own === null || rows.length === 0 || rows.some((row) => contains(row.cidr, own) === true);
  const unchanged = JSON.stringify(rows) === JSON.stringify(networks.items);
  const gap = unchanged ? "Nothing has changed." : wrong.some((each) => each !== undefined) ? "A network is not written right." : inside ? null : `Your own address ${own} is in none of them: you would shut yourself out.`;
  return (
    <>
      <form
        className={styles["rows"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (gap === null && !look.isPending && !save.isPending) look.mutate();
        }}
      >
        <p className={shared["under"]} style={{ whiteSpace: "normal" }}>
          Empty: people and keys may come from everywhere. With one network or more, they are refused from anywhere else, agents too.
          {own !== null && (
            <>
              {" "}
              You come from <span className="mono">{own}</span>.
            </>
          )}
        </p>
        {rows.map((row, index) => (
          <div key={index} className={styles["network"]} role="group" aria-label={`Network ${index + 1}`}>
            <TextInput
              aria-label={`Network ${index + 1}`}
              placeholder="203.0.113.0/24"
              value={row.cidr}
              spellCheck={false}
              onChange={(event) => put(index, { cidr: event.currentTarget.value })}
              error={row.cidr === "" ? undefined : wrong[index]}
            />
            <TextInput aria-label={`Note on network ${index + 1}`} placeholder="What it is: office, VPN, data centre" value={row.note} onChange={(event) => put(index, { note: event.currentTarget.value })} />
            <ActionIcon aria-label={`Take network ${index + 1} out`} onClick={() => setRows(rows.filter((_, at) => at !== index))}>
              <Icon name="trash" size={14} />
            </ActionIcon>
          </div>
        ))}
        {!inside && (
          <p className={shared["note"]} data-tone="bad" role="alert">
            Your own address {own} is in none of them: you would shut yourself out.
          </p>
        )}
        {unchanged && networks.cut_off.length > 0 && (
          <div className={shared["note"]} data-tone="warn" role="status">
            {cutOffWords(networks.cut_off.length)} from where nobody is let in now:
            <CutOff keys={networks.cut_off} />
          </div>
        )}
        {refused !== null && <Refusal error={refused} />}
        <div className={shared["row"]}>
          <Button variant="default" leftSection={<Icon name="plus" size={13} />} onClick={() => setRows([...rows, { cidr: "", note: "" }])}>
            Add network
          </Button>
          {own !== null && !rows.some((row) => contains(row.cidr, own) === true) && (
            <Button variant="default" onClick={() => setRows([...rows, { cidr: `${own}/${own.includes(":") ? 128 : 32}`, note: "my address" }])}>
              Add my address
            </Button>
          )}
          <GuardedButton reason={gap} loading={look.isPending || save.isPending}>
            Save networks
          </GuardedButton>
        </div>
      </form>
      <ConfirmDialog
        opened={asking.length > 0}
        title="Shut these keys out"
        verb="Save networks"
        back="Not now"
        danger
        busy={save.isPending}
        error={save.error}
        onConfirm={() => save.mutate()}
        onClose={() => setAsking([])}
      >
        {cutOffWords(asking.length)} in the last seven days from outside of these networks, and would be refused at once:
        <CutOff keys={asking} />
      </ConfirmDialog>
    </>
  );
}

function cutOffWords(count: number): string {
  return `${plural(count, "key")} ${count === 1 ? "was" : "were"} used`;
}

function CutOff({ keys }: { readonly keys: Networks["cut_off"] }) {
  return (
    <ul className={shared["plainList"]}>
      {keys.map((key) => (
        <li key={key.id}>
          {key.name} <span className="mono">{key.prefix}…</span> {key.service_account !== null && `of ${key.service_account.name} `}in {key.workspace.name}, <RelativeTime at={key.last_used_at} /> from <span className="mono">{key.last_used_from}</span>
        </li>
      ))}
    </ul>
  );
}
