import { Button, Group, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { unshown } from "@/components/form/schema";
import { SchemaFields } from "@/components/form/schema-fields";
import { useSchemaForm } from "@/components/form/use-schema-form";
import { Modal } from "@/components/ui/dialog";
import { Refusal } from "@/components/ui/refusal";
import { copyRun, startRun } from "@/features/deployments/api/mutations";
import { deploymentKeys } from "@/features/deployments/api/queries";
import { NO_WISHES, WishFields } from "@/features/deployments/components/wish-fields";
import { readWishes, WISH_FIELDS, type Wishes } from "@/features/deployments/wishes";
import { newIdempotencyKey } from "@/lib/api-client";
import { useNow } from "@/lib/now";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment, RunInput } from "@/schema/wire/deployments";
import type { Run } from "@/schema/wire/runs";

interface RunDialogProps {
  readonly deployment: Deployment;
  /** The run that is done again, with what it had; a new one of the deployment when there is none. */
  readonly of?: Pick<Run, "id" | "name" | "parameters" | "tags">;
  /** The id of what has the keyboard when it is closed and what opened it is gone. */
  readonly backTo?: string;
  readonly onClose: () => void;
  readonly onStarted: (runId: string) => void;
}

/** The form comes from the flow's signature; what the server refuses appears at the field it refuses. */
export function RunDialog({ deployment, of, backTo, onClose, onStarted }: RunDialogProps) {
  const { slug } = useWorkspace();
  const now = useNow();
  const client = useQueryClient();
  const form = useSchemaForm(deployment.parameter_schema, of?.parameters ?? deployment.parameters, "parameters");
  const [wishes, setWishes] = useState<Wishes>({ ...NO_WISHES, tags: of?.tags ?? [] });
  const [key] = useState(newIdempotencyKey);
  const [wished, setWished] = useState(0);
  const start = useMutation({
    // One key per distinct input: a double click makes one run, a corrected form a new attempt.
    mutationFn: (body: RunInput) => (of === undefined ? startRun(slug, deployment.id, body, `${key}-${form.edits}-${wished}`) : copyRun(slug, of.id, body, `${key}-${form.edits}-${wished}`)),
    onSuccess: (run) => {
      void client.invalidateQueries({ queryKey: deploymentKeys.all(slug) });
      onStarted(run.id);
    },
  });
  const problems = form.problems(start.error);
  const rest = form.rest(start.error, WISH_FIELDS);
  const asked = readWishes(wishes, now);
  const lost = of === undefined ? [] : unshown(form.fields, of.parameters);
  const isRefusedAsAWhole = start.error !== null && (rest !== "" || Object.keys(form.refused(start.error)).length === 0);
  const title = of === undefined ? `Run ${deployment.flow.name} / ${deployment.name}` : `Run ${of.name} again`;
  return (
    <Modal opened onClose={onClose} backTo={backTo} title={title} size="lg">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!form.attempt() || !asked.ok || start.isPending) return;
          start.mutate({ ...asked.body, ...(of === undefined && wishes.tags.length === 0 ? {} : { tags: [...wishes.tags] }), parameters: form.parameters });
        }}
      >
        <Stack gap={12}>
          {form.fields.length === 0 && (
            <p className="muted" style={{ margin: 0 }}>
              This flow takes no parameters.
            </p>
          )}
          {lost.length > 0 && (
            <p className="muted" style={{ margin: 0 }}>
              The deployment no longer takes {lost.join(", ")}: left out.
            </p>
          )}
          <SchemaFields
            fields={form.fields}
            values={form.values}
            problems={problems}
            onChange={(values, name) => {
              form.change(values, name);
              start.reset();
            }}
          />
          <WishFields
            deployment={deployment}
            isCopy={of !== undefined}
            focus={form.fields.length === 0}
            wishes={wishes}
            problems={{ ...(asked.ok ? {} : asked.problems), ...problems }}
            onChange={(next) => {
              setWishes(next);
              setWished(wished + 1);
              start.reset();
            }}
          />
          {isRefusedAsAWhole && <Refusal error={start.error} more={rest} />}
          <Group justify="flex-end" gap={8}>
            <Button variant="default" onClick={onClose}>
              Back
            </Button>
            <Button type="submit" loading={start.isPending}>
              {asked.ok && asked.body.scheduled_for !== undefined ? "Schedule run" : "Run now"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
