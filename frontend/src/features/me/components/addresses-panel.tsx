import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { addAddress, addressesQuery, makeFirst, removeAddress, sendConfirmation, type Address } from "@/features/me/api/person";
import { AskDialog } from "@/features/me/components/ask-dialog";
import { Row } from "@/features/me/components/row";
import { meKeys } from "@/features/me/keys";
import { useChange } from "@/features/me/use-change";
import { asApiError } from "@/lib/errors";
import type { Guard } from "@/lib/guard";

import styles from "./rows.module.css";

export function AddressesPanel({ guard }: { readonly guard: Guard }) {
  const query = useQuery(addressesQuery);
  const [removing, setRemoving] = useState<Address | null>(null);
  const [email, setEmail] = useState("");
  const reads = [meKeys.addresses, ["me"]];
  const adding = useChange({ guard, run: addAddress, reads, said: (_, to) => `We sent a mail to ${to}: confirm it by its link.`, onDone: () => setEmail("") });
  const first = useChange({ guard, run: makeFirst, reads, said: (_, to) => `Mails now go to ${to}.` });
  const remove = useChange({ guard, run: removeAddress, reads, onDone: () => setRemoving(null) });
  const sending = useChange({
    guard,
    run: sendConfirmation,
    reads: [],
    said: (sent, to) => (sent ? `We sent a mail to ${to}.` : "One was sent a moment ago: look there, or wait three minutes."),
  });

  return (
    <Panel title="E-mail addresses" flush>
      {query.isPending ? (
        <SkeletonRows rows={2} height={52} label="addresses" />
      ) : query.isError ? (
        <ErrorState error={query.error} what="addresses" onRetry={() => void query.refetch()} />
      ) : (
        <ul className={styles["rows"]} aria-label="E-mail addresses">
          {query.data.map((address) => (
            <Row
              key={address.email}
              name={address.email}
              badges={[...(address.primary ? ["first"] : []), ...(address.verified ? [] : ["not confirmed"])]}
              detail={address.primary ? "You log in with it, and mails go to it." : undefined}
            >
              {!address.verified && (
                <Button variant="default" size="xs" loading={sending.isPending && sending.variables === address.email} onClick={() => sending.mutate(address.email)}>
                  Send the link again
                </Button>
              )}
              {!address.primary && (
                <GuardedButton
                  variant="default"
                  size="xs"
                  reason={address.verified ? null : "Confirm it first."}
                  loading={first.isPending && first.variables === address.email}
                  onClick={() => first.mutate(address.email)}
                >
                  Make it the first
                </GuardedButton>
              )}
              <GuardedButton
                variant="default"
                size="xs"
                reason={address.primary ? "Make another the first one, then remove this." : null}
                onClick={() => setRemoving(address)}
              >
                Remove
              </GuardedButton>
            </Row>
          ))}
        </ul>
      )}
      {first.error !== null && (
        <p role="alert" style={{ margin: 0, padding: "8px 12px", color: "var(--danger-text)" }}>
          {asApiError(first.error).message}
        </p>
      )}
      <form
        className={styles["form"]}
        style={{ padding: "12px", borderTop: "1px solid var(--line)" }}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (email.includes("@")) adding.mutate(email.trim());
        }}
      >
        <TextInput
          className={styles["field"] ?? ""}
          aria-label="Another address"
          placeholder="Another address"
          type="email"
          autoComplete="email"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={adding.error === null ? null : asApiError(adding.error).message}
        />
        <GuardedButton variant="default" reason={email.includes("@") ? null : "Write an address first."} loading={adding.isPending}>
          Add address
        </GuardedButton>
      </form>
      {removing !== null && (
        <AskDialog
          title="Remove the address?"
          verb="Remove"
          danger
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(removing.email)}
          onClose={() => setRemoving(null)}
        >
          <p style={{ margin: 0 }}>Nobody can log in with {removing.email} any more, and invitations to it no longer find you.</p>
        </AskDialog>
      )}
    </Panel>
  );
}
