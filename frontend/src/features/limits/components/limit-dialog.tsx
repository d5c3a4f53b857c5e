import { NumberInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { limitKeys, setLimit } from "@/features/limits/api/limits";
import { gapOf, KIND_WORDS, SETTABLE_KINDS } from "@/features/limits/model";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { useWorkspace } from "@/lib/workspace";
import type { DeploymentRow } from "@/schema/wire/deployments";
import type { Limit, LimitInput } from "@/schema/wire/limits";
import type { Pool } from "@/schema/wire/pools";

interface LimitDialogProps {
  /** The one to change; a new one when there is none. */
  readonly limit?: Limit | undefined;
  readonly onClose: () => void;
}

type Kind = LimitInput["kind"];
interface Choice {
  readonly value: string;
  readonly label: string;
}

const KEY_WORDS: Readonly<Record<Kind, string>> = {
  POOL: "Pool",
  QUEUE: "Queue",
  DEPLOYMENT: "Deployment",
  FLOW: "Flow",
  TAG: "Tag",
  NAMED: "Name in the code",
  RATE: "Name in the code",
};
const MOST_CHOICES = 500;

/** Set how much may go on at once. */
export function LimitDialog({ limit, onClose }: LimitDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [kind, setKind] = useState<Kind>(limit !== undefined && limit.kind !== "BACKFILL" ? limit.kind : "TAG");
  const [key, setKey] = useState(limit?.key ?? "");
  const [much, setMuch] = useState<number | string>(limit?.slots ?? limit?.per_minute ?? 1);
  const choices = useChoices(kind, limit === undefined);
  const save = useMutation({
    mutationFn: () => {
      const amount = Number(much);
      return setLimit(slug, { kind, key: key.trim(), ...(kind === "RATE" ? { per_minute: amount } : { slots: amount }) });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: limitKeys.all(slug) });
      onClose();
    },
  });
  const isRate = kind === "RATE";
  return (
    <FormDialog
      title={limit === undefined ? "Set a limit" : `Change the limit of ${limit.name}`}
      verb={limit === undefined ? "Set limit" : "Save"}
      gap={gapOf(key, much)}
      busy={save.isPending}
      error={save.error}
      shown={["key", "slots", "per_minute"]}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      {limit === undefined && (
        <>
          <Select
            label="What is limited"
            data={SETTABLE_KINDS.map((value) => ({ value, label: KIND_WORDS[value] }))}
            value={kind}
            allowDeselect={false}
            onChange={(next) => {
              setKind((next ?? "TAG") as Kind);
              setKey("");
            }}
          />
          {choices === null ? (
            <TextInput label={KEY_WORDS[kind]} value={key} maxLength={200} error={fieldError(save.error, "key")} onChange={(event) => setKey(event.currentTarget.value)} data-autofocus />
          ) : (
            <Select label={KEY_WORDS[kind]} data={[...choices]} value={key === "" ? null : key} searchable nothingFoundMessage="Nothing of this name" error={fieldError(save.error, "key")} onChange={(next) => setKey(next ?? "")} />
          )}
        </>
      )}
      <NumberInput
        label={isRate ? "Calls a minute" : "At once"}
        description={isRate ? "Spaced evenly; whoever calls earlier waits." : "What goes on already counts and is not stopped. 0 lets nothing further through."}
        min={isRate ? 1 : 0}
        max={1_000_000}
        allowDecimal={false}
        value={much}
        error={fieldError(save.error, "slots") ?? fieldError(save.error, "per_minute")}
        onChange={setMuch}
      />
    </FormDialog>
  );
}

/** What the workspace has of this kind; null when the key is free text. */
function useChoices(kind: Kind, wanted: boolean): readonly Choice[] | null {
  const { slug } = useWorkspace();
  const ofPools = kind === "POOL" || kind === "QUEUE";
  const ofDeployments = kind === "DEPLOYMENT" || kind === "FLOW";
  const pools = useQuery({
    queryKey: [...limitKeys.all(slug), "choices", "pools"],
    queryFn: ({ signal }) => request<Page<Pool>>(workspaceUrl(slug, "/pools"), { signal, query: { limit: MOST_CHOICES } }),
    enabled: wanted && ofPools,
  });
  const deployments = useQuery({
    queryKey: [...limitKeys.all(slug), "choices", "deployments"],
    queryFn: ({ signal }) => request<Page<DeploymentRow>>(workspaceUrl(slug, "/deployments"), { signal, query: { limit: MOST_CHOICES } }),
    enabled: wanted && ofDeployments,
  });
  if (ofPools) {
    const found = pools.data?.items ?? [];
    if (kind === "POOL") return found.map((pool) => ({ value: pool.id, label: pool.name }));
    return found.flatMap((pool) => pool.queues.map((queue) => ({ value: queue.id, label: `${pool.name}/${queue.name}` })));
  }
  if (ofDeployments) {
    const found = deployments.data?.items ?? [];
    if (kind === "DEPLOYMENT") return found.map((each) => ({ value: each.id, label: `${each.flow.name}/${each.name}` }));
    return [...new Map(found.map((each) => [each.flow.id, { value: each.flow.id, label: each.flow.name }])).values()];
  }
  return null;
}
