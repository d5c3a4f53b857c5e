import { Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { accountKeys } from "@/features/account/api/keys";
import { changeTeam, createTeam } from "@/features/account/api/teams";
import { useAccount } from "@/lib/account";
import type { Team } from "@/schema/wire/account";

interface TeamDialogProps {
  /** null: a new one. */
  readonly team: Team | null;
  readonly onClose: () => void;
  readonly onDone: (team: Team) => void;
}

export function TeamDialog({ team, onClose, onDone }: TeamDialogProps) {
  const { id: account } = useAccount();
  const client = useQueryClient();
  const [name, setName] = useState(team?.name ?? "");
  const [description, setDescription] = useState(team?.description ?? "");
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), description: description.trim() };
      return team === null ? createTeam(account, body) : changeTeam(account, team.id, body);
    },
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: accountKeys.all(account) });
      onDone(saved);
    },
  });
  return (
    <FormDialog
      title={team === null ? "Create a team" : `Change ${team.name}`}
      verb={team === null ? "Create team" : "Save"}
      gap={name.trim() === "" ? "Give it a name." : null}
      busy={save.isPending}
      error={save.error}
      shown={["name", "description"]}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <TextInput label="Name" description={team?.provided === true ? "Your identity provider keeps it; change it there." : undefined} readOnly={team?.provided === true} value={name} onChange={(event) => setName(event.currentTarget.value)} error={fieldError(save.error, "name")} {...(team?.provided === true ? {} : { "data-autofocus": true })} />
      <Textarea label="What it is for" autosize minRows={2} {...(team?.provided === true ? { "data-autofocus": true } : {})} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={fieldError(save.error, "description")} />
    </FormDialog>
  );
}
