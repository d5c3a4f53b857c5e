import { NumberInput, Switch, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { changeQueue, createQueue, poolKeys } from "@/features/pools/api/pools";
import { useWorkspace } from "@/lib/workspace";
import type { Pool, Queue } from "@/schema/wire/pools";

interface QueueDialogProps {
  readonly pool: Pool;
  /** The one to change; a new one when there is none. */
  readonly queue?: Queue | undefined;
  readonly onClose: () => void;
}

const USUAL_PRIORITY = 100;

/** What a queue is called, when it comes, and how much of it goes on at once. */
export function QueueDialog({ pool, queue, onClose }: QueueDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [name, setName] = useState(queue?.name ?? "");
  const [priority, setPriority] = useState<number | string>(queue?.priority ?? USUAL_PRIORITY);
  const [limit, setLimit] = useState<number | string>(queue?.concurrency_limit ?? "");
  const [isDefault, setDefault] = useState(queue?.is_default ?? false);
  const save = useMutation({
    mutationFn: () => {
      const body = {
        name: name.trim(),
        priority: Number(priority),
        concurrency_limit: limit === "" ? null : Number(limit),
        ...(isDefault ? { is_default: true } : {}),
      };
      return queue === undefined ? createQueue(slug, pool.id, body) : changeQueue(slug, pool.id, queue.id, body);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: poolKeys.all(slug) });
      onClose();
    },
  });
  return (
    <FormDialog
      title={queue === undefined ? `Add a queue to ${pool.name}` : `Change the queue ${queue.name}`}
      verb={queue === undefined ? "Add queue" : "Save"}
      gap={name.trim() === "" ? "Say what it is called." : priority === "" ? "Say what its priority is." : null}
      busy={save.isPending}
      error={save.error}
      shown={["name", "priority", "concurrency_limit"]}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <TextInput label="Name" description="Runs and deployments name it." maxLength={100} data-autofocus value={name} error={fieldError(save.error, "name")} onChange={(event) => setName(event.currentTarget.value)} />
      <NumberInput label="Priority" description="The smaller the number, the earlier it is served." min={0} max={32_767} allowDecimal={false} value={priority} error={fieldError(save.error, "priority")} onChange={setPriority} />
      <NumberInput label="Runs at once" description="Left empty, as many as there are agents for." min={0} max={1_000_000} allowDecimal={false} value={limit} error={fieldError(save.error, "concurrency_limit")} onChange={setLimit} />
      <Switch
        label="Default"
        description={queue?.is_default === true ? "Runs that name no queue go there. Another one takes its place when it is made the default." : "Runs that name no queue go there."}
        checked={isDefault}
        disabled={queue?.is_default === true}
        onChange={(event) => setDefault(event.currentTarget.checked)}
      />
    </FormDialog>
  );
}
