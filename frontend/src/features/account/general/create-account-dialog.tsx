import { TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { createAccount } from "@/features/account/api/account";

interface CreateAccountDialogProps {
  readonly onClose: () => void;
  readonly onCreated: (id: string) => void;
}

export function CreateAccountDialog({ onClose, onCreated }: CreateAccountDialogProps) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => createAccount(name.trim()),
    onSuccess: async ({ id }) => {
      await client.refetchQueries({ queryKey: ["me"] });
      onCreated(id);
    },
  });
  return (
    <FormDialog
      title="Create an account"
      verb="Create account"
      gap={name.trim() === "" ? "Give it a name." : null}
      busy={create.isPending}
      error={create.error}
      shown={["name"]}
      onSubmit={() => create.mutate()}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        description="An organisation with members, a plan and workspaces of its own. You become its owner."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError(create.error, "name")}
        data-autofocus
      />
    </FormDialog>
  );
}
