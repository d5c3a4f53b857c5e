import { queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { EventSchema, PayloadSchema, SchemaMode, SchemaTrial } from "@/schema/wire/event-schemas";

const MOST_SCHEMAS = 200;

export function eventSchemasQuery(workspace: string) {
  return queryOptions({
    queryKey: ["event-schemas", workspace] as const,
    queryFn: ({ signal }) => request<Page<EventSchema>>(workspaceUrl(workspace, "/event-schemas"), { query: { limit: MOST_SCHEMAS }, signal }),
  });
}

export interface NewEventSchema {
  readonly name: string;
  readonly mode: SchemaMode;
  readonly schema: PayloadSchema;
}

export function createEventSchema(workspace: string, body: NewEventSchema): Promise<EventSchema> {
  return request<EventSchema>(workspaceUrl(workspace, "/event-schemas"), { method: "POST", body });
}

export function changeEventSchema(workspace: string, id: string, body: Omit<NewEventSchema, "name">): Promise<EventSchema> {
  return request<EventSchema>(workspaceUrl(workspace, `/event-schemas/${id}`), { method: "PATCH", body });
}

export function deleteEventSchema(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/event-schemas/${id}`), { method: "DELETE" });
}

/** What the schema would have made of the last day's newest events of the name. */
export function tryEventSchema(workspace: string, body: Omit<NewEventSchema, "mode">): Promise<SchemaTrial> {
  return request<SchemaTrial>(workspaceUrl(workspace, "/event-schemas/preview"), { method: "POST", body });
}
