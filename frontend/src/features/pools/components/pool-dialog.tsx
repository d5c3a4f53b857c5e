import { NumberInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { SchemaFields } from "@/components/form/schema-fields";
import { useSchemaForm } from "@/components/form/use-schema-form";
import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { changePool, createPool, poolKeys } from "@/features/pools/api/pools";
import { KindNote } from "@/features/pools/components/kind-note";
import { useWorkspace } from "@/lib/workspace";
import type { JsonSchema } from "@/schema/wire/deployments";
import type { Pool, PoolKind } from "@/schema/wire/pools";

interface PoolDialogProps {
  /** The one to change; a new one when there is none. */
  readonly pool?: Pool | undefined;
  readonly kinds: readonly PoolKind[];
  readonly onClose: () => void;
  readonly onSaved: (id: string) => void;
}

const NONE: JsonSchema = {};

/** What a pool is called, what executes its runs, and what their jobs get. */
export function PoolDialog({ pool, kinds, onClose, onSaved }: PoolDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const offered = kinds.filter((kind) => kind.available);
  const [name, setName] = useState(pool?.name ?? "");
  const [limit, setLimit] = useState<number | string>(pool?.concurrency_limit ?? "");
  const [chosen, setChosen] = useState(pool?.kind ?? offered[0]?.kind);
  const kind = kinds.find((each) => each.kind === chosen);
  const form = useSchemaForm(kind?.schema ?? NONE, pool?.job_defaults ?? {}, "job_defaults");
  const save = useMutation({
    mutationFn: () => {
      const body = { concurrency_limit: limit === "" ? null : Number(limit), job_defaults: form.parameters };
      return pool === undefined ? createPool(slug, { ...body, name: name.trim(), ...(kind === undefined ? {} : { kind: kind.kind }) }) : changePool(slug, pool.id, body);
    },
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: poolKeys.all(slug) });
      onSaved(id);
    },
  });
  const placed = form.rest(save.error, ["name", "kind", "concurrency_limit"]) === "";
  return (
    <FormDialog
      title={pool === undefined ? "Create a pool" : `Change the pool ${pool.name}`}
      verb={pool === undefined ? "Create pool" : "Save"}
      size="lg"
      gap={name.trim() === "" ? "Say what it is called." : null}
      busy={save.isPending}
      error={save.error}
      shown={placed ? Object.keys(form.said(save.error)) : []}
      onSubmit={() => {
        if (form.attempt()) save.mutate();
      }}
      onClose={onClose}
    >
      {pool === undefined && (
        <>
          <TextInput label="Name" description="Agents name it when they start." maxLength={100} data-autofocus value={name} error={fieldError(save.error, "name")} onChange={(event) => setName(event.currentTarget.value)} />
          <Select
            label="Kind"
            data={offered.map((each) => ({ value: each.kind, label: each.simulated ? `${each.label} (simulated)` : each.label }))}
            value={chosen ?? null}
            allowDeselect={false}
            error={fieldError(save.error, "kind")}
            onChange={(next) => {
              const found = offered.find((each) => each.kind === next);
              if (found !== undefined) setChosen(found.kind);
              save.reset();
            }}
          />
        </>
      )}
      {kind !== undefined && <KindNote kind={kind} />}
      <NumberInput label="Runs at once" description="Left empty, as many as there are agents for." min={0} max={1_000_000} allowDecimal={false} value={limit} error={fieldError(save.error, "concurrency_limit")} onChange={setLimit} />
      {form.fields.length > 0 && (
        <>
          <p className="muted" style={{ margin: 0 }}>
            What follows holds for all its runs unless their deployment says otherwise. It is no place for secrets: whoever sees the pool can read it.
          </p>
          <SchemaFields
            fields={form.fields}
            values={form.values}
            problems={form.problems(save.error)}
            focus={false}
            onChange={(values, field) => {
              form.change(values, field);
              save.reset();
            }}
          />
        </>
      )}
    </FormDialog>
  );
}
