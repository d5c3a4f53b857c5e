import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { createPool, poolKeys } from "@/features/pools/api/pools";
import { asApiError } from "@/lib/errors";
import { useWorkspace } from "@/lib/workspace";

interface CreatePoolDialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onCreated: (id: string) => void;
}

export function CreatePoolDialog({ opened, onClose, onCreated }: CreatePoolDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => createPool(slug, name.trim()),
    onSuccess: async (pool) => {
      await client.invalidateQueries({ queryKey: poolKeys.list(slug) });
      setName("");
      onCreated(pool.id);
    },
  });
  const refusal = create.error === null ? null : asApiError(create.error);
  return (
    <Modal opened={opened} onClose={onClose} title="Create a pool">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextInput
          label="Name"
          description="Agents name it when they start."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={refusal?.fields["name"]?.[0] ?? refusal?.message}
          data-autofocus
        />
        <Group justify="flex-end" gap={8} mt="lg">
          <Button variant="default" onClick={onClose}>
            Back
          </Button>
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
            Create pool
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
