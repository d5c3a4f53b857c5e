import { TagsInput, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { fieldsOf, initialValues } from "@/components/form/schema";
import { SchemaFields } from "@/components/form/schema-fields";
import { readForm, serverProblems } from "@/components/form/validate";
import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { changeDeployment } from "@/features/deployments/api/mutations";
import { deploymentKeys } from "@/features/deployments/api/queries";
import { asApiError } from "@/lib/errors";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment } from "@/schema/wire/deployments";

/** What may be said of it without deploying: the next deploy says everything anew. */
export function EditDialog({ deployment, onClose }: { readonly deployment: Deployment; readonly onClose: () => void }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const fields = useMemo(() => fieldsOf(deployment.parameter_schema), [deployment.parameter_schema]);
  const own = fields.filter((field) => field.name in deployment.parameters);
  const [description, setDescription] = useState(deployment.description);
  const [tags, setTags] = useState([...deployment.tags]);
  const [values, setValues] = useState(() => initialValues(own, deployment.parameters));
  const [tried, setTried] = useState(false);
  const { parameters, problems } = readForm(own, values);
  const save = useMutation({
    mutationFn: () => changeDeployment(slug, deployment.id, { description, tags, ...(own.length === 0 ? {} : { parameters }) }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: deploymentKeys.all(slug) });
      onClose();
    },
  });
  const refused = save.error === null ? {} : serverProblems(asApiError(save.error).fields, own);
  return (
    <FormDialog
      title={`Edit ${deployment.name}`}
      verb="Save"
      size="lg"
      gap={null}
      busy={save.isPending}
      error={save.error}
      shown={["description", "tags", ...own.map((field) => `parameters.${field.name}`)]}
      onSubmit={() => {
        setTried(true);
        if (Object.keys(problems).length === 0) save.mutate();
      }}
      onClose={onClose}
    >
      <p className="muted" style={{ margin: 0 }}>
        It holds until the next deploy, which says everything anew.
      </p>
      <Textarea label="Description" autosize minRows={2} value={description} error={fieldError(save.error, "description")} onChange={(event) => setDescription(event.currentTarget.value)} data-autofocus />
      <TagsInput label="Tags" size="xs" placeholder="Type and press Enter" value={tags} error={fieldError(save.error, "tags")} onChange={setTags} acceptValueOnBlur />
      {own.length > 0 && <SchemaFields fields={own} values={values} problems={{ ...(tried ? problems : {}), ...refused }} focus={false} onChange={setValues} />}
    </FormDialog>
  );
}
