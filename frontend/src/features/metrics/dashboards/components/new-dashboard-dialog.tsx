import { TextInput } from "@mantine/core";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";

import { useCreate } from "./use-create";

interface NewDashboardDialogProps {
  readonly onMade: (id: string) => void;
  readonly onClose: () => void;
}

export function NewDashboardDialog({ onMade, onClose }: NewDashboardDialogProps) {
  const [name, setName] = useState("");
  const create = useCreate(onMade);
  return (
    <FormDialog
      title="New dashboard"
      verb="Make it"
      gap={name.trim() === "" ? "It needs a name." : null}
      busy={create.isPending}
      error={create.error}
      onSubmit={() => create.mutate({ name: name.trim() })}
      onClose={onClose}
    >
      <TextInput label="Name" value={name} maxLength={120} data-autofocus onChange={(event) => setName(event.currentTarget.value)} autoComplete="off" />
    </FormDialog>
  );
}
