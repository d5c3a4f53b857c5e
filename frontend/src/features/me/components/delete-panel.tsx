import { Button, Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { deleteMe, deletionQuery, type AccountFate } from "@/features/me/api/person";
import { AskDialog } from "@/features/me/components/ask-dialog";
import { useChange } from "@/features/me/use-change";
import type { Guard } from "@/lib/guard";

interface DeletePanelProps {
  readonly email: string;
  readonly guard: Guard;
  readonly onGone: () => void;
}

export function DeletePanel({ email, guard, onGone }: DeletePanelProps) {
  const [asking, setAsking] = useState(false);
  return (
    <Panel title="Delete your login">
      <p style={{ margin: "0 0 12px" }}>Your addresses, factors and keys go. What you did stays in the logs of your accounts, under no name.</p>
      <Button variant="default" style={{ color: "var(--danger-text)" }} onClick={() => setAsking(true)}>
        Delete my login
      </Button>
      {asking && <DeleteDialog email={email} guard={guard} onGone={onGone} onClose={() => setAsking(false)} />}
    </Panel>
  );
}

function DeleteDialog({ email, guard, onGone, onClose }: DeletePanelProps & { readonly onClose: () => void }) {
  const query = useQuery(deletionQuery);
  const [typed, setTyped] = useState("");
  const deleting = useChange({ guard, run: deleteMe, reads: [], onDone: onGone });
  const mayDelete = query.data?.may_delete === true;
  return (
    <AskDialog
      title="Delete your login?"
      verb="Delete it for good"
      danger
      gap={query.data === undefined ? "Wait for what would be lost." : !mayDelete ? "Settle first what stands in red." : typed.trim().toLowerCase() === email.toLowerCase() ? null : `Type ${email} first.`}
      busy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    >
      {query.isPending ? (
        <Skeleton height={90} role="status" aria-label="Looking what would be lost" />
      ) : query.isError ? (
        <ErrorState error={query.error} what="consequences" onRetry={() => void query.refetch()} />
      ) : (
        <>
          <ul style={{ margin: 0, paddingLeft: 18, display: "grid", gap: 6 }}>
            {query.data.accounts.map((account) => (
              <li key={account.id} style={account.fate === "BLOCKED" ? { color: "var(--danger-text)" } : undefined}>
                <strong>{account.name}</strong>: {fateWords(account)}
                {account.fate === "BLOCKED" && (
                  <>
                    {" "}
                    <Link to={paths.accountGeneral} params={{ account: account.id }} className="link">
                      See to it
                    </Link>
                  </>
                )}
              </li>
            ))}
            {query.data.keys > 0 && (
              <li>
                {query.data.keys} {query.data.keys === 1 ? "API key" : "API keys"} of yours {query.data.keys === 1 ? "ends" : "end"} at once.
              </li>
            )}
          </ul>
          {mayDelete && (
            <TextInput
              label={`Type ${email} to confirm`}
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
        </>
      )}
    </AskDialog>
  );
}

function fateWords({ fate, members, message, workspaces }: AccountFate): string {
  if (fate === "BLOCKED") return message ?? "something has to be settled first.";
  if (fate === "LEFT") return `goes on without you (${members - 1} ${members === 2 ? "other member" : "other members"}).`;
  const names = workspaces.length === 0 ? "" : `: ${workspaces.join(", ")}`;
  return `is deleted with all its data, you are its only member${names}.`;
}
