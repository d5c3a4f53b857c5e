import { Button, TextInput } from "@mantine/core";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Panel } from "@/components/ui/panel";
import { addPasskey, firstCodes, newCodes, removeApp, removePasskey, renamePasskey, type Passkey, type Security } from "@/features/me/api/security";
import { AppDialog } from "@/features/me/components/app-dialog";
import { AskDialog } from "@/features/me/components/ask-dialog";
import { CodesDialog } from "@/features/me/components/codes-dialog";
import { Moment } from "@/features/me/components/moment";
import { Row } from "@/features/me/components/row";
import { meKeys } from "@/features/me/keys";
import { useChange } from "@/features/me/use-change";
import { asApiError } from "@/lib/errors";
import type { Guard } from "@/lib/guard";
import { passkeysMissing } from "@/lib/webauthn";

import styles from "./rows.module.css";

type Asking = { readonly what: "app" | "no-app" | "add-passkey" | "new-codes" } | { readonly what: "rename" | "no-passkey"; readonly passkey: Passkey };

interface FactorsPanelProps {
  readonly security: Security;
  /** Why factors can't be added yet, or null. */
  readonly unconfirmed: string | null;
  readonly guard: Guard;
}

/** Authenticator app, passkeys, and the codes for when both are out of reach. */
export function FactorsPanel({ security, unconfirmed, guard }: FactorsPanelProps) {
  const [asking, setAsking] = useState<Asking | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [name, setName] = useState("");
  const close = () => setAsking(null);
  const reads = [meKeys.factors];
  // With the first factor come recovery codes: they are shown then, and never again.
  const reading = useChange({ guard, run: firstCodes, reads, onDone: (first) => setCodes(first) });
  const added = () => {
    close();
    if (security.codes === null) reading.mutate();
  };
  const adding = useChange({
    guard,
    run: addPasskey,
    reads,
    said: (done) => (done ? "The passkey is added." : null),
    onDone: (done) => {
      if (done) added();
    },
  });
  const renaming = useChange({ guard, run: renamePasskey, reads, onDone: close });
  const dropping = useChange({ guard, run: removePasskey, reads, onDone: close });
  const droppingApp = useChange({ guard, run: removeApp, reads, onDone: close });
  const renewing = useChange({
    guard,
    run: newCodes,
    reads,
    onDone: (fresh) => {
      close();
      setCodes(fresh);
    },
  });
  const isLast = security.passkeys.length + (security.app === null ? 0 : 1) === 1;
  const warning = isLast ? "It is your last factor: from then on the password alone signs in, and your recovery codes go." : "Your other factors go on.";
  const { app, codes: kept } = security;

  return (
    <>
      <Panel title="Authenticator app" flush>
        <ul className={styles["rows"]} aria-label="Authenticator app">
          <Row
            name={app === null ? "None" : "Set up"}
            detail={
              app === null ? (
                "Six digits from your phone, asked for after the password."
              ) : (
                <>
                  Added <Moment at={app.created_at} /> · last used <Moment at={app.last_used_at} />
                </>
              )
            }
          >
            {app === null ? (
              <GuardedButton variant="default" size="xs" reason={unconfirmed} onClick={() => setAsking({ what: "app" })}>
                Set up an app
              </GuardedButton>
            ) : (
              <Button variant="default" size="xs" onClick={() => setAsking({ what: "no-app" })}>
                Remove the app
              </Button>
            )}
          </Row>
        </ul>
      </Panel>

      <Panel
        title="Passkeys"
        aside={
          <GuardedButton
            variant="default"
            size="xs"
            reason={passkeysMissing() ?? unconfirmed}
            onClick={() => {
              setName("");
              setAsking({ what: "add-passkey" });
            }}
          >
            Add a passkey
          </GuardedButton>
        }
        flush
      >
        <ul className={styles["rows"]} aria-label="Passkeys">
          {security.passkeys.length === 0 && <Row name="None" detail="Sign in with a fingerprint, your face or a key instead of a password. Nobody can phish it." />}
          {security.passkeys.map((passkey) => (
            <Row
              key={passkey.id}
              name={passkey.name}
              detail={
                <>
                  Added <Moment at={passkey.created_at} /> · last used <Moment at={passkey.last_used_at} />
                </>
              }
            >
              <Button
                variant="default"
                size="xs"
                aria-label={`Rename ${passkey.name ?? "the passkey"}`}
                onClick={() => {
                  setName(passkey.name ?? "");
                  setAsking({ what: "rename", passkey });
                }}
              >
                Rename
              </Button>
              <Button variant="default" size="xs" aria-label={`Remove ${passkey.name ?? "the passkey"}`} onClick={() => setAsking({ what: "no-passkey", passkey })}>
                Remove
              </Button>
            </Row>
          ))}
        </ul>
      </Panel>

      <Panel title="Recovery codes" flush>
        <ul className={styles["rows"]} aria-label="Recovery codes">
          <Row
            name={kept === null ? "None" : `${kept.unused_code_count ?? 0} of ${kept.total_code_count ?? 0} left`}
            detail={kept === null ? "They come with your first app or passkey." : "Each signs you in once when your factors are out of reach."}
          >
            {kept !== null && (
              <Button variant="default" size="xs" onClick={() => setAsking({ what: "new-codes" })}>
                Make new ones
              </Button>
            )}
          </Row>
        </ul>
      </Panel>
      {reading.error !== null && (
        <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
          {asApiError(reading.error).message}
        </p>
      )}

      {asking?.what === "app" && <AppDialog guard={guard} onDone={added} onClose={close} />}
      {asking?.what === "no-app" && (
        <AskDialog title="Remove the authenticator app?" verb="Remove it" danger busy={droppingApp.isPending} error={droppingApp.error} onConfirm={() => droppingApp.mutate()} onClose={close}>
          <p style={{ margin: 0 }}>Its codes are no longer asked for. {warning}</p>
        </AskDialog>
      )}
      {asking?.what === "add-passkey" && (
        <AskDialog title="Add a passkey" verb="Go on" busy={adding.isPending} error={adding.error} onConfirm={() => adding.mutate(name.trim())} onClose={close}>
          <p style={{ margin: 0 }}>Your browser asks next where to keep it: on this device, on your phone, or on a key.</p>
          <TextInput label="Name" placeholder="Laptop" data-autofocus maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        </AskDialog>
      )}
      {asking?.what === "rename" && (
        <AskDialog
          title="Rename the passkey"
          verb="Rename"
          gap={name.trim() === "" ? "Give it a name." : null}
          busy={renaming.isPending}
          error={renaming.error}
          onConfirm={() => renaming.mutate({ id: asking.passkey.id, name: name.trim() })}
          onClose={close}
        >
          <TextInput label="Name" data-autofocus maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        </AskDialog>
      )}
      {asking?.what === "no-passkey" && (
        <AskDialog
          title={`Remove ${asking.passkey.name ?? "the passkey"}?`}
          verb="Remove it"
          danger
          busy={dropping.isPending}
          error={dropping.error}
          onConfirm={() => dropping.mutate(asking.passkey.id)}
          onClose={close}
        >
          <p style={{ margin: 0 }}>It signs nobody in any more; delete it on the device as well. {warning}</p>
        </AskDialog>
      )}
      {asking?.what === "new-codes" && (
        <AskDialog title="Make new recovery codes?" verb="Make them" busy={renewing.isPending} error={renewing.error} onConfirm={() => renewing.mutate()} onClose={close}>
          <p style={{ margin: 0 }}>The present ones stop working at once.</p>
        </AskDialog>
      )}
      {codes !== null && <CodesDialog codes={codes} onClose={() => setCodes(null)} />}
    </>
  );
}
