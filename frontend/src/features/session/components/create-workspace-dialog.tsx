import { Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { meQuery } from "@/features/session/api/me";
import { accountDenial } from "@/lib/account";
import { newIdempotencyKey, request } from "@/lib/api-client";
import type { MyAccount } from "@/schema/wire/account";

interface CreateWorkspaceDialogProps {
  /** Those of the person. */
  readonly accounts: readonly MyAccount[];
  /** The account that they are looking at. */
  readonly here?: string;
  readonly onClose: () => void;
  readonly onCreated: (slug: string) => void;
}

/** A workspace belongs to an account, which pays for it: asked for where there are several. */
export function CreateWorkspaceDialog({ accounts, here, onClose, onCreated }: CreateWorkspaceDialogProps) {
  const client = useQueryClient();
  const open = accounts.filter((account) => accountDenial(account, "workspaces:create") === null);
  const [account, setAccount] = useState((open.find((each) => each.id === here) ?? open[0])?.id ?? null);
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () =>
      request<{ slug: string }>("/api/v1/workspaces", { method: "POST", body: { name: name.trim(), account_id: account }, idempotencyKey: newIdempotencyKey() }),
    onSuccess: async ({ slug }) => {
      await client.refetchQueries(meQuery);
      void client.invalidateQueries({ queryKey: ["account"] });
      onCreated(slug);
    },
  });
  const denial = open.length > 0 ? null : accounts.length === 1 && accounts[0] !== undefined ? accountDenial(accounts[0], "workspaces:create") : "In none of your accounts you may create workspaces: ask an owner or admin.";
  return (
    <FormDialog
      title="Create a workspace"
      verb="Create workspace"
      gap={denial ?? (name.trim() === "" ? "Give it a name." : null)}
      busy={create.isPending}
      error={create.error}
      shown={["name"]}
      onSubmit={() => create.mutate()}
      onClose={onClose}
    >
      {denial !== null && (
        <p role="note" style={{ margin: 0 }}>
          {denial}
        </p>
      )}
      <TextInput
        label="Name"
        description="A workspace keeps its own runs, keys and people. You become its owner."
        value={name}
        readOnly={denial !== null}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError(create.error, "name")}
        data-autofocus
      />
      {open.length > 1 && (
        <Select
          label="Account"
          description="It pays for the workspace, and its owners own it"
          allowDeselect={false}
          data={open.map((each) => ({ value: each.id, label: each.name }))}
          value={account}
          onChange={setAccount}
        />
      )}
    </FormDialog>
  );
}
