import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { fieldsOf, initialValues, type RawValue } from "@/components/form/schema";
import { SchemaField } from "@/components/form/schema-field";
import { readForm, serverProblems } from "@/components/form/validate";
import { Refusal } from "@/components/ui/refusal";
import { startRun } from "@/features/deployments/api/mutations";
import { deploymentKeys } from "@/features/deployments/api/queries";
import { newIdempotencyKey } from "@/lib/api-client";
import { asApiError } from "@/lib/errors";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment, RunInput } from "@/schema/wire/deployments";

interface RunDialogProps {
  readonly deployment: Deployment;
  readonly onClose: () => void;
  readonly onStarted: (runId: string) => void;
}

/** The form comes from the flow's signature; what the server refuses appears at the field it refuses. */
export function RunDialog({ deployment, onClose, onStarted }: RunDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const fields = useMemo(() => fieldsOf(deployment.parameter_schema), [deployment.parameter_schema]);
  const [values, setValues] = useState(() => initialValues(fields, deployment.parameters));
  const [name, setName] = useState("");
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [tried, setTried] = useState(false);
  const [key] = useState(newIdempotencyKey);
  const [edited, setEdited] = useState(0);
  const start = useMutation({
    // One key per distinct input: a double click makes one run, a corrected form a new attempt.
    mutationFn: (body: RunInput) => startRun(slug, deployment.id, body, `${key}-${edited}`),
    onSuccess: (run) => {
      void client.invalidateQueries({ queryKey: deploymentKeys.all(slug) });
      onStarted(run.id);
    },
  });
  const { parameters, problems } = readForm(fields, values);
  const refusal = start.error === null ? null : asApiError(start.error);
  const refused = refusal === null ? {} : serverProblems(refusal.fields);
  const unplaced = Object.keys(refused).some((field) => field !== "name" && !fields.some((each) => each.name === field));

  const set = (field: string, value: RawValue) => {
    setValues({ ...values, [field]: value });
    setTouched(new Set([...touched, field]));
    setEdited(edited + 1);
    start.reset();
  };
  return (
    <Modal opened onClose={onClose} title={`Run ${deployment.flow.name} / ${deployment.name}`} size="lg">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (Object.keys(problems).length > 0) return;
          start.mutate(name.trim() === "" ? { parameters } : { parameters, name: name.trim() });
        }}
      >
        <Stack gap={12}>
          {fields.length === 0 && <p className="muted" style={{ margin: 0 }}>This flow takes no parameters.</p>}
          {fields.map((field, index) => (
            <SchemaField
              key={field.name}
              first={index === 0}
              field={field}
              value={values[field.name] ?? ""}
              error={refused[field.name] ?? (tried || touched.has(field.name) ? problems[field.name] : undefined)}
              onChange={(value) => set(field.name, value)}
            />
          ))}
          <TextInput
            label="Name of the run"
            description="Left empty, it gets one."
            data-autofocus={fields.length === 0 || undefined}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={refused["name"]}
          />
          {refusal !== null && (Object.keys(refused).length === 0 || unplaced) && (
            <Refusal error={refusal} more={unplaced ? Object.values(refused).join(" ") : ""} />
          )}
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={onClose}>
              Back
            </Button>
            <Button type="submit" loading={start.isPending}>
              Run now
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
