import { PasswordInput, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { Drawer } from "@/components/ui/dialog";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { fieldError } from "@/components/ui/form-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { auditStreamQuery, setAuditStream, stopAuditStream } from "@/features/account/api/audit";
import { titled } from "@/features/account/model";
import { useAccount } from "@/lib/account";
import { formatDuration, plural } from "@/lib/units";
import type { AuditStream } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

/** Where each entry is sent as it is written: one address, signed. */
export function StreamDrawer({ onClose }: { readonly onClose: () => void }) {
  const account = useAccount();
  const stream = useQuery(auditStreamQuery(account.id));
  return (
    <Drawer opened onClose={onClose} position="right" size={480} title="Stream the log" closeButtonProps={{ "aria-label": "Close" }} styles={{ title: { fontSize: 16, fontWeight: 600 } }}>
      {stream.isPending && <SkeletonRows rows={3} label="the stream" />}
      {stream.isError && <ErrorState error={stream.error} what="stream" onRetry={() => void stream.refetch()} />}
      {stream.isSuccess && <StreamForm key={stream.data?.url ?? ""} stream={stream.data} />}
    </Drawer>
  );
}

function StreamForm({ stream }: { readonly stream: AuditStream | null }) {
  const account = useAccount();
  const client = useQueryClient();
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState("");
  const refresh = () => client.invalidateQueries({ queryKey: auditStreamQuery(account.id).queryKey });
  const save = useMutation({
    mutationFn: () => setAuditStream(account.id, { url: url.trim(), ...(secret === "" ? {} : { secret }) }),
    onSuccess: () => {
      notifications.show({ message: "Entries are sent from now on" });
      return refresh();
    },
  });
  const stop = useMutation({ mutationFn: () => stopAuditStream(account.id), onSuccess: refresh });
  return (
    <div className={styles["stack"]}>
      <p style={{ margin: 0 }}>
        Every entry is posted as signed JSON to this address, in order and at least once: to a SIEM, a lake, a queue. Nothing is lost while the address is away.
      </p>
      {stream !== null && (
        <>
          <Facts
            facts={[
              { term: "Address", value: <span className="mono">{stream.url}</span> },
              { term: "State", value: titled(stream.state) },
              { term: "Last sent", value: <RelativeTime at={stream.last_sent_at} none="never" /> },
              { term: "Behind", value: stream.pending === 0 ? "nothing" : `${plural(stream.pending, "entry", "entries")}, ${formatDuration(stream.lag_seconds * 1000)}` },
            ]}
          />
          {stream.last_error !== null && stream.last_error !== "" && (
            <p className={styles["note"]} data-tone="warn" role="status">
              The last try failed: {stream.last_error}
            </p>
          )}
          <GuardedButton variant="default" w="fit-content" reason={null} loading={stop.isPending} onClick={() => stop.mutate()}>
            Stop the stream
          </GuardedButton>
          {stop.error !== null && <Refusal error={stop.error} />}
        </>
      )}
      <form
        className={styles["fields"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (url.trim() !== "") save.mutate();
        }}
      >
        <TextInput
          label={stream === null ? "Address" : "Another address"}
          placeholder="https://siem.example.com/headway"
          value={url}
          spellCheck={false}
          onChange={(event) => setUrl(event.currentTarget.value)}
          error={fieldError(save.error, "url")}
        />
        <PasswordInput
          label="Signing secret"
          description="With which the other side checks that a message is ours"
          autoComplete="new-password"
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
          error={fieldError(save.error, "secret")}
        />
        {save.error !== null && fieldError(save.error, "url") === undefined && fieldError(save.error, "secret") === undefined && <Refusal error={save.error} />}
        <GuardedButton w="fit-content" reason={url.trim() === "" ? "Write the address first." : null} loading={save.isPending}>
          {stream === null ? "Start the stream" : "Send there instead"}
        </GuardedButton>
      </form>
    </div>
  );
}
