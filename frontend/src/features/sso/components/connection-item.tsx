import { Button, Menu } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { deleteConnection, setActive, ssoKey, startTest } from "@/features/sso/api/sso";
import { CopyValues } from "@/features/sso/components/copy-values";
import { PeopleList } from "@/features/sso/components/people-list";
import { Problem } from "@/features/sso/components/problem";
import { TestResult } from "@/features/sso/components/test-result";
import { oursOf, phaseOf, phaseWords } from "@/features/sso/model";
import { plural } from "@/lib/units";
import type { SsoConnection } from "@/schema/wire/sso";

import styles from "./sso.module.css";

interface ConnectionItemProps {
  readonly account: string;
  readonly connection: SsoConnection;
  /** Its test has just come back to this page. */
  readonly tested: boolean;
  /** Why the reader may not hand people over to a provider; null when they may. */
  readonly handing: string | null;
  readonly onEdit: () => void;
}

type Open = "test" | "values" | "people" | null;

export function ConnectionItem({ account, connection, tested, handing, onEdit }: ConnectionItemProps) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ssoKey(account) });
  const [open, setOpen] = useState<Open>(tested ? "test" : null);
  const [asking, setAsking] = useState<"off" | "delete" | null>(null);
  const test = useMutation({ mutationFn: () => startTest(account, connection.id), onSuccess: ({ url }) => window.location.assign(url) });
  const switching = useMutation({
    mutationFn: (active: boolean) => setActive(account, connection.id, active),
    onSuccess: () => {
      setAsking(null);
      return refresh();
    },
  });
  const remove = useMutation({ mutationFn: () => deleteConnection(account, connection.id), onSuccess: refresh });
  const phase = phaseOf(connection);
  const toggle = (part: Exclude<Open, null>) => setOpen(open === part ? null : part);
  return (
    <li className={styles["item"]} aria-label={connection.name}>
      <div className={styles["row"]}>
        <span className={styles["name"]}>{connection.name}</span>
        <span className="muted">{connection.kind === "OIDC" ? "OpenID Connect" : "SAML"}</span>
        <span className={styles["grow"]} />
        <span className={styles["badge"]} data-tone={phase === "active" ? "ok" : "warn"}>
          <Icon name={phase === "active" ? "check" : "clock"} size={12} />
          {phaseWords(phase)}
        </span>
        <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          Test sign-in
        </Button>
        {phase === "active" ? (
          <Button variant="default" onClick={() => setAsking("off")}>
            Deactivate
          </Button>
        ) : (
          <GuardedButton reason={handing ?? (phase === "untested" ? "Make a test sign-in with these settings first." : null)} loading={switching.isPending} onClick={() => switching.mutate(true)}>
            Activate
          </GuardedButton>
        )}
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" aria-label={`More about ${connection.name}`} px={8}>
              <Icon name="more" size={14} />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<Icon name="edit" size={14} />} onClick={onEdit}>
              Edit
            </Menu.Item>
            <Menu.Item leftSection={<Icon name="trash" size={14} />} color="red.8" onClick={() => setAsking("delete")}>
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      <p className={styles["note"]}>
        {connection.kind === "OIDC" ? connection.settings.issuer : connection.settings.entity_id} · {plural(connection.people, "person", "people")} · last used <RelativeTime at={connection.last_used_at} none="never" />
        {connection.certificates.map((certificate) => (
          <span key={certificate.fingerprint}>
            {" "}
            · certificate ends <RelativeTime at={certificate.ends_at} />
          </span>
        ))}
      </p>
      {connection.last_error !== "" && (
        <p className={styles["note"]} style={{ color: "var(--danger-text)" }}>
          <RelativeTime at={connection.last_error_at} />: {connection.last_error}
        </p>
      )}
      {(test.error ?? (asking === null ? switching.error : null)) !== null && <Problem error={test.error ?? switching.error} />}
      <div className={styles["row"]}>
        <Toggle open={open === "test"} onClick={() => toggle("test")} label="Last test" />
        <Toggle open={open === "values"} onClick={() => toggle("values")} label="Values for the provider" />
        {connection.people > 0 && <Toggle open={open === "people"} onClick={() => toggle("people")} label="People" />}
      </div>
      {open === "test" && <TestResult account={account} connection={connection.id} />}
      {open === "values" && <CopyValues label="Values for the provider" values={valuesOf(connection)} />}
      {open === "people" && <PeopleList account={account} connection={connection.id} />}
      <ConfirmDialog opened={asking === "off"} title={`Deactivate ${connection.name}`} verb="Deactivate" busy={switching.isPending} error={switching.error} onConfirm={() => switching.mutate(false)} onClose={() => setAsking(null)}>
        Nobody can sign in by it until it is activated again. Open sessions stay.
      </ConfirmDialog>
      <ConfirmDialog opened={asking === "delete"} title={`Delete ${connection.name}`} verb="Delete connection" danger typeName={connection.name} busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={() => setAsking(null)}>
        {connection.people === 0 ? "Nobody has signed in by it." : `${plural(connection.people, "person", "people")} sign in by it; those without a password can’t come in until they set one by mail.`} Members and what they have stay.
      </ConfirmDialog>
    </li>
  );
}

function Toggle({ open, label, onClick }: { readonly open: boolean; readonly label: string; readonly onClick: () => void }) {
  return (
    <button type="button" className="link" aria-expanded={open} onClick={onClick}>
      {label}
    </button>
  );
}

/** As the server names them, with what only it knows. */
function valuesOf({ kind, id, ours, login_url }: SsoConnection) {
  const origin = new URL(login_url).origin;
  return [
    ...oursOf(kind, id, origin),
    ...(ours.metadata_url === null ? [] : [{ label: "Our metadata", value: ours.metadata_url }]),
    ...(ours.certificate === null ? [] : [{ label: "Our certificate", value: ours.certificate }]),
    { label: "Where people begin", value: login_url },
  ];
}
