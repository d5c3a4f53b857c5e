import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { use, useState } from "react";

import { Refusal } from "@/components/ui/refusal";
import { meQuery } from "@/features/session/api/me";
import { newIdempotencyKey, request } from "@/lib/api-client";
import { asApiError } from "@/lib/errors";
import { WorkspaceContext } from "@/lib/workspace";

interface CreateWorkspaceDialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onCreated: (slug: string) => void;
}

export function CreateWorkspaceDialog({ opened, onClose, onCreated }: CreateWorkspaceDialogProps) {
  const client = useQueryClient();
  const workspace = use(WorkspaceContext);
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: (body: { name: string }) =>
      request<{ slug: string }>("/api/v1/workspaces", { method: "POST", body, idempotencyKey: newIdempotencyKey() }),
    onSuccess: async ({ slug }) => {
      await client.refetchQueries(meQuery);
      setName("");
      onCreated(slug);
    },
  });
  const problem = create.error === null ? null : asApiError(create.error);
  // Without a workspace there is no page of a plan to go to, and the field says it all.
  const beyond = problem?.status === 402 && workspace !== null;
  return (
    <Modal opened={opened} onClose={onClose} title="Create a workspace">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({ name: name.trim() });
        }}
      >
        <TextInput
          label="Name"
          description="A workspace keeps its own runs, keys and members."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={problem === null || beyond ? undefined : (problem.fields["name"]?.[0] ?? problem.message)}
          data-autofocus
        />
        {beyond && (
          <div style={{ marginTop: 12 }}>
            <Refusal error={problem} />
          </div>
        )}
        <Group justify="flex-end" gap={8} mt="lg">
          <Button variant="default" onClick={onClose}>
            Back
          </Button>
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
            Create workspace
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
