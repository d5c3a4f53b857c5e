import { Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { accountKeys } from "@/features/account/api/keys";
import { changeServiceAccount, createServiceAccount } from "@/features/account/api/service-accounts";
import { useAccount } from "@/lib/account";
import type { ServiceAccount } from "@/schema/wire/account";

interface ServiceAccountDialogProps {
  /** null: a new one. */
  readonly existing: ServiceAccount | null;
  readonly onClose: () => void;
  readonly onDone: (saved: ServiceAccount) => void;
}

export function ServiceAccountDialog({ existing, onClose, onDone }: ServiceAccountDialogProps) {
  const { id: account } = useAccount();
  const client = useQueryClient();
  const [name, setName] = useState(existing?.name ?? "");
  const [description, setDescription] = useState(existing?.description ?? "");
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), description: description.trim() };
      return existing === null ? createServiceAccount(account, body) : changeServiceAccount(account, existing.id, body);
    },
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: accountKeys.all(account) });
      onDone(saved);
    },
  });
  return (
    <FormDialog
      title={existing === null ? "Create a service account" : `Change ${existing.name}`}
      verb={existing === null ? "Create service account" : "Save"}
      gap={name.trim() === "" ? "Give it a name." : null}
      busy={save.isPending}
      error={save.error}
      shown={["name", "description"]}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <TextInput label="Name" description="What acts: ci-deploys, agents-fra" value={name} onChange={(event) => setName(event.currentTarget.value)} error={fieldError(save.error, "name")} data-autofocus />
      <Textarea label="What it is for" autosize minRows={2} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={fieldError(save.error, "description")} />
    </FormDialog>
  );
}
