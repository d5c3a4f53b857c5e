import { JsonInput } from "@mantine/core";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { asApiError } from "@/lib/errors";
import type { DashboardDocument } from "@/schema/wire/dashboards";

import { FaultsList } from "./faults-list";
import { useCreate } from "./use-create";

interface ImportDialogProps {
  readonly onMade: (id: string) => void;
  readonly onClose: () => void;
}

/** A dashboard as JSON. What is wrong with it is listed by its place. */
export function ImportDialog({ onMade, onClose }: ImportDialogProps) {
  const [text, setText] = useState("");
  const create = useCreate(onMade);
  const read = readDocument(text);
  const fields = create.error === null ? {} : (asApiError(create.error).fields ?? {});
  return (
    <FormDialog
      title="Import a dashboard"
      verb="Import"
      size="lg"
      gap={typeof read === "string" ? read : null}
      busy={create.isPending}
      error={create.error}
      shown={Object.keys(fields)}
      onSubmit={() => {
        if (typeof read !== "string") create.mutate(read);
      }}
      onClose={onClose}
    >
      <JsonInput
        label="JSON"
        description="As “Export JSON” of a dashboard gives it."
        minRows={10}
        maxRows={24}
        autosize
        value={text}
        onChange={setText}
        classNames={{ input: "mono" }}
        data-autofocus
      />
      <FaultsList fields={fields} />
    </FormDialog>
  );
}

type Named = Partial<DashboardDocument> & { readonly name: string };

/** What is sent; or, as a text, why it cannot be. The server judges what stands in it. */
function readDocument(text: string): Named | string {
  if (text.trim() === "") return "Paste the JSON of a dashboard.";
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return "This is not JSON.";
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) return "The JSON of a dashboard is an object.";
  if (!("name" in found) || typeof found.name !== "string") return "The dashboard needs a name.";
  return found as Named;
}
