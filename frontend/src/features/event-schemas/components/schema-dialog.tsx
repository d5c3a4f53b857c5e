import { Button, Group, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { OptionCards } from "@/components/ui/option-cards";
import { Refusal } from "@/components/ui/refusal";
import { changeEventSchema, createEventSchema, eventSchemasQuery, tryEventSchema } from "@/features/event-schemas/api/event-schemas";
import { SchemaTrial } from "@/features/event-schemas/components/schema-trial";
import { beginsToRefuse, draftGap, draftOf, MODE_NAMES, MODE_WORDS, readSchema, trialKey, type SchemaDraft } from "@/features/event-schemas/model";
import { useWorkspace } from "@/lib/workspace";
import { SCHEMA_MODES, type EventSchema } from "@/schema/wire/event-schemas";

interface SchemaDialogProps {
  /** The one to change; null for a new one. */
  readonly schema: EventSchema | null;
  readonly onClose: () => void;
}

const OPTIONS = SCHEMA_MODES.map((value) => ({ value, label: MODE_NAMES[value], description: MODE_WORDS[value] }));

/** A schema as JSON, tried on what came lately: what begins to refuse is tried before it is saved. */
export function SchemaDialog({ schema, onClose }: SchemaDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const isNew = schema === null;
  const [draft, setDraft] = useState(() => draftOf(schema));
  const { schema: payload, fault } = readSchema(draft.text);
  const trial = useMutation({
    mutationFn: async ({ name, text }: SchemaDraft) => tryEventSchema(slug, { name: name.trim(), schema: readSchema(text).schema ?? {} }),
  });
  const save = useMutation({
    mutationFn: async () => {
      const body = { mode: draft.mode, schema: payload ?? {} };
      return isNew ? createEventSchema(slug, { ...body, name: draft.name.trim() }) : changeEventSchema(slug, schema.id, body);
    },
    onSuccess: () => {
      onClose();
      return client.invalidateQueries({ queryKey: eventSchemasQuery(slug).queryKey });
    },
  });
  const change = (part: Partial<SchemaDraft>) => {
    save.reset();
    setDraft({ ...draft, ...part });
  };
  const isOfThis = trial.variables !== undefined && trialKey(trial.variables) === trialKey(draft);
  const tried = isOfThis ? trial.data : undefined;
  const untried = beginsToRefuse(draft, schema) && tried === undefined;
  const error = save.error ?? (isOfThis ? trial.error : null);
  return (
    <FormDialog
      title={isNew ? "Add an event schema" : `Change the schema of ${schema.name}`}
      verb={untried ? "Try before refusing" : tried !== undefined && tried.failed > 0 && draft.mode === "REFUSE" ? "Refuse such events" : "Save schema"}
      size="lg"
      gap={draftGap(draft)}
      busy={save.isPending || (untried && trial.isPending)}
      error={save.error}
      shown={["name", "schema"]}
      onSubmit={() => (untried ? trial.mutate(draft) : save.mutate())}
      onClose={onClose}
    >
      {isNew && (
        <TextInput
          label="Event name"
          description="The exact name, or the beginning of names and *"
          placeholder="table.loaded"
          value={draft.name}
          spellCheck={false}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={fieldError(error, "name")}
          data-autofocus
        />
      )}
      <OptionCards label="What becomes of events that don’t fit" options={OPTIONS} value={draft.mode} onChange={(mode) => change({ mode })} />
      <Textarea
        label="Schema of the payload"
        description="JSON Schema (2020-12) of an object"
        autosize
        minRows={8}
        maxRows={20}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mono)", fontSize: 12.5 } }}
        value={draft.text}
        onChange={(event) => change({ text: event.currentTarget.value })}
        error={fault ?? fieldError(error, "schema")}
      />
      <Group gap={12}>
        <Button variant="default" disabled={draftGap(draft) !== null} loading={trial.isPending} onClick={() => trial.mutate(draft)}>
          Try it on the newest events
        </Button>
      </Group>
      {tried !== undefined && <SchemaTrial trial={tried} />}
      {save.error === null && isOfThis && trial.error !== null && fieldError(trial.error, "schema") === undefined && fieldError(trial.error, "name") === undefined && (
        <Refusal error={trial.error} />
      )}
    </FormDialog>
  );
}
