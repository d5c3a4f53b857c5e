import { Button, Group, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { Drawer } from "@/components/ui/dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { changeConnection, createConnection, ssoKey } from "@/features/sso/api/sso";
import { CopyValues } from "@/features/sso/components/copy-values";
import { JoiningFields } from "@/features/sso/components/joining-fields";
import { Problem } from "@/features/sso/components/problem";
import { ProviderFields } from "@/features/sso/components/provider-fields";
import { draftOf, emptyDraft, gapOf, inputOf, newId, oursOf } from "@/features/sso/model";
import { asApiError } from "@/lib/errors";
import type { SsoConnection, SsoKind } from "@/schema/wire/sso";

import styles from "./sso.module.css";

interface ConnectionEditorProps {
  readonly account: string;
  /** null: a new one of this kind. */
  readonly connection: SsoConnection | null;
  readonly kind: SsoKind;
  readonly onClose: () => void;
}

/** One provider: what it has to know of us, what we know of it, and what becomes of its people. */
export function ConnectionEditor({ account, connection, kind, onClose }: ConnectionEditorProps) {
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => (connection === null ? emptyDraft(kind, newId()) : draftOf(connection)));
  const save = useMutation({
    mutationFn: () => {
      const body = inputOf(draft, connection);
      return connection === null ? createConnection(account, body) : changeConnection(account, connection.id, body);
    },
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: ssoKey(account) });
      notifications.show({ message: saved.tested_at === null ? `${saved.name} is saved. Test it next.` : `${saved.name} is saved.` });
      onClose();
    },
  });
  const refusal = save.error === null ? null : asApiError(save.error);
  const shown = refusal !== null && Object.keys(refusal.fields).length > 0 && Object.keys(refusal.fields).every((field) => SHOWN.has(field));
  const change = (part: object) => setDraft((present) => ({ ...present, ...part }));
  const gap = gapOf(draft, connection === null);
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" closeButtonProps={{ "aria-label": "Close" }} styles={{ title: { fontSize: 16, fontWeight: 600 } }} title={connection === null ? `New ${kind === "OIDC" ? "OpenID Connect" : "SAML"} connection` : connection.name}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (gap === null && !save.isPending) save.mutate();
        }}
      >
        <Stack gap={16}>
          <TextInput label="Name" value={draft.name} onChange={(event) => change({ name: event.currentTarget.value })} error={refusal?.fields["name"]?.[0]} data-autofocus />
          <div className={styles["section"]}>
            <span style={{ fontWeight: 600 }}>Enter this at the provider</span>
            <CopyValues label="Enter this at the provider" values={oursOf(draft.kind, draft.id, window.location.origin)} />
          </div>
          <div className={styles["section"]}>
            <span style={{ fontWeight: 600 }}>What the provider says</span>
            <ProviderFields draft={draft} hasSecret={connection?.has_client_secret ?? false} errorOf={(field) => refusal?.fields[field]?.[0]} onChange={change} />
          </div>
          <JoiningFields account={account} connection={connection?.id ?? null} draft={draft} onChange={change} />
          {save.error !== null && !shown && <Problem error={save.error} more={fieldWords(save.error)} />}
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={onClose}>
              Back
            </Button>
            <GuardedButton reason={gap} loading={save.isPending}>
              Save connection
            </GuardedButton>
          </Group>
        </Stack>
      </form>
    </Drawer>
  );
}

const SHOWN = new Set(
  ["issuer", "client_id", "groups_claim", "metadata_url", "metadata_xml", "entity_id", "sso_url", "slo_url", "certificates", "email_attribute", "name_attribute", "groups_attribute"].map((field) => `settings.${field}`).concat("name", "client_secret"),
);

function fieldWords(error: unknown): string {
  return Object.values(asApiError(error).fields).flat().join(" ");
}
