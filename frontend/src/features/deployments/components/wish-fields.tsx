import { NumberInput, Select, SimpleGrid, TagsInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { deploymentKeys } from "@/features/deployments/api/queries";
import type { Wishes } from "@/features/deployments/wishes";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { zoneName } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment } from "@/schema/wire/deployments";
import type { Queue } from "@/schema/wire/pools";

export const NO_WISHES: Wishes = { name: "", tags: [], startAt: "", priority: 0, queue: "" };

interface WishFieldsProps {
  readonly deployment: Deployment;
  /** A copy keeps its priority and its deployment's queue. */
  readonly isCopy: boolean;
  /** Has the keyboard when the form opens. */
  readonly focus: boolean;
  readonly wishes: Wishes;
  readonly problems: Readonly<Record<string, string | undefined>>;
  readonly onChange: (wishes: Wishes) => void;
}

/** When it starts, what it is called, and how it queues. */
export function WishFields({ deployment, isCopy, focus, wishes, problems, onChange }: WishFieldsProps) {
  const set = (change: Partial<Wishes>) => onChange({ ...wishes, ...change });
  const queues = useQueues(deployment.pool.id, !isCopy);
  const own = deployment.queue?.name ?? queues.find((queue) => queue.is_default)?.name;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing={12} verticalSpacing={12} style={{ borderTop: "1px solid var(--line)", paddingTop: 12 }}>
      <TextInput
        label="Name of the run"
        description="Left empty, it gets one."
        data-autofocus={focus || undefined}
        maxLength={200}
        value={wishes.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        error={problems["name"]}
      />
      <TextInput
        label="Start at"
        description={`Left empty, at once. Clock of ${zoneName()}.`}
        type="datetime-local"
        value={wishes.startAt}
        onChange={(event) => set({ startAt: event.currentTarget.value })}
        error={problems["scheduled_for"]}
      />
      <TagsInput
        label="Tags"
        description={isCopy ? "Its own, unless changed." : "Besides those of the deployment."}
        size="xs"
        placeholder="Tag, then Enter"
        maxTags={50}
        acceptValueOnBlur
        value={[...wishes.tags]}
        onChange={(tags) => set({ tags })}
        error={problems["tags"]}
      />
      {!isCopy && (
        <NumberInput
          label="Priority"
          description="Higher goes first in its queue."
          min={-100}
          max={100}
          allowDecimal={false}
          value={wishes.priority}
          onChange={(priority) => set({ priority })}
          error={problems["priority"]}
        />
      )}
      {!isCopy && queues.length > 1 && (
        <Select
          label="Queue"
          description={`Of the pool ${deployment.pool.name}.`}
          data={queues.map((queue) => ({ value: queue.name, label: queue.name === own ? `${queue.name} (the deployment’s)` : queue.name }))}
          value={wishes.queue === "" ? (own ?? null) : wishes.queue}
          allowDeselect={false}
          onChange={(queue) => set({ queue: queue === own ? "" : (queue ?? "") })}
          error={problems["queue"]}
        />
      )}
    </SimpleGrid>
  );
}

const MOST = 100;

/** The queues of the deployment's pool; none while they are not known. */
function useQueues(poolId: string, wanted: boolean): readonly Queue[] {
  const { slug } = useWorkspace();
  const queues = useQuery({
    queryKey: [...deploymentKeys.all(slug), "queues", poolId],
    queryFn: ({ signal }) => request<Page<Queue>>(workspaceUrl(slug, `/pools/${poolId}/queues`), { signal, query: { limit: MOST } }),
    enabled: wanted,
  });
  return queues.data?.items ?? [];
}
