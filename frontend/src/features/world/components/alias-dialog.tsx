import { Select } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { usePages } from "@/components/ui/use-pages";
import { makeAlias, resourcesQuery, worldKeys } from "@/features/world/api/world";
import { useWorkspace } from "@/lib/workspace";
import type { WorldResource } from "@/schema/wire/world";

interface AliasDialogProps {
  readonly resource: WorldResource;
  readonly onClose: () => void;
  readonly onDone: (target: string) => void;
}

/** Says that this is the same as another thing of its kind. */
export function AliasDialog({ resource, onClose, onDone }: AliasDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [q, setQ] = useState("");
  const [target, setTarget] = useState<string | null>(null);
  const found = useInfiniteQuery(resourcesQuery(slug, { kind: [resource.kind], q: q === "" ? undefined : q }));
  const { rows } = usePages(found);
  const join = useMutation({
    mutationFn: (id: string) => makeAlias(slug, resource.id, id),
    onSuccess: async (_, id) => {
      await client.invalidateQueries({ queryKey: worldKeys.all(slug) });
      onDone(id);
    },
  });
  return (
    <FormDialog
      title={`What ${resource.label} is, too`}
      verb="Show as one"
      gap={target === null ? "Choose what it is the same as." : null}
      busy={join.isPending}
      error={join.error}
      onSubmit={() => target !== null && join.mutate(target)}
      onClose={onClose}
    >
      <p className="muted" style={{ margin: 0 }}>
        All that is known of it is then shown there. Nothing is moved: it can be parted again without loss.
      </p>
      <Select
        label="The same as"
        placeholder="Find by name"
        searchable
        data={rows.filter((each) => each.id !== resource.id && each.alias_of === null).map((each) => ({ value: each.id, label: each.namespace === "" ? each.label : `${each.label} (${each.namespace})` }))}
        value={target}
        onChange={setTarget}
        onSearchChange={(text) => setQ(rows.some((each) => text.startsWith(each.label)) ? "" : text)}
        nothingFoundMessage={found.isPending ? "Looking" : "Nothing is called so"}
        comboboxProps={{ withinPortal: false }}
      />
    </FormDialog>
  );
}
