import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import named from "@/components/ui/named-rows.module.css";
import { deleteEventSchema, eventSchemasQuery } from "@/features/event-schemas/api/event-schemas";
import { SchemaDialog } from "@/features/event-schemas/components/schema-dialog";
import { SchemaRow } from "@/features/event-schemas/components/schema-row";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { EventSchema } from "@/schema/wire/event-schemas";


/** What do payloads hold, and what becomes of those that don't? */
export function SchemasTab() {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("telemetry:manage");
  const unseen = useDenial("telemetry:read");
  const schemas = useQuery({ ...eventSchemasQuery(slug), enabled: unseen === null });
  const [editing, setEditing] = useState<EventSchema | "new" | null>(null);
  const [leaving, setLeaving] = useState<EventSchema | null>(null);
  const remove = useMutation({
    mutationFn: async (schema: EventSchema) => deleteEventSchema(slug, schema.id),
    onSuccess: (_gone, { name }) => {
      notifications.show({ message: `The schema of ${name} is deleted` });
      setLeaving(null);
      return client.invalidateQueries({ queryKey: eventSchemasQuery(slug).queryKey });
    },
  });

  if (unseen !== null) {
    return (
      <EmptyState icon="check" title="Event schemas are not shown to you">
        {unseen}
      </EmptyState>
    );
  }
  if (schemas.isPending) return <SkeletonRows rows={3} height={60} label="event schemas" />;
  if (schemas.isError) return <ErrorState error={schemas.error} what="event schemas" onRetry={() => void schemas.refetch()} />;
  const rows = schemas.data.items;
  const add = (
    <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setEditing("new")}>
      Add schema
    </GuardedButton>
  );
  return (
    <>
      {rows.length === 0 ? (
        <EmptyState icon="check" title="No event schemas yet" action={add}>
          A schema says what the payloads of an event hold. What doesn’t fit is stored and counted, or refused at every door before anything relies on it.
        </EmptyState>
      ) : (
        <Panel title="Event schemas" flush aside={<>{plural(rows.length, "schema")} {add}</>}>
          <ul className={named["list"]} aria-label="Event schemas">
            {rows.map((schema) => (
              <SchemaRow key={schema.id} schema={schema} denial={denial} onEdit={() => setEditing(schema)} onDelete={() => setLeaving(schema)} />
            ))}
          </ul>
        </Panel>
      )}
      {editing !== null && <SchemaDialog schema={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
      <ConfirmDialog
        opened={leaving !== null}
        title={`Delete the schema of ${leaving?.name ?? ""}`}
        verb="Delete schema"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => {
          if (leaving !== null) remove.mutate(leaving);
        }}
        onClose={() => {
          remove.reset();
          setLeaving(null);
        }}
      >
        Its versions and counts go with it; events of this name are stored whatever they hold. Events that came stay.
      </ConfirmDialog>
    </>
  );
}
