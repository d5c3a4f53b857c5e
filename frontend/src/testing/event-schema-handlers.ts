import { http, HttpResponse, type RequestHandler } from "msw";

import type { EventSchema } from "@/schema/wire/event-schemas";

import { page, refusal } from "./answers";
import { demoId, iso } from "./demo/random";

const W = "*/api/v1/workspaces/:workspace";

type Body = Partial<Pick<EventSchema, "name" | "mode" | "schema">>;

function makeSchema(at: number, given: Partial<EventSchema>): EventSchema {
  return {
    id: demoId(at, 720),
    name: "table.loaded",
    mode: "WARN",
    number: 1,
    schema: { type: "object", properties: { rows: { type: "integer" } }, required: ["rows"] },
    warned_count: 0,
    refused_count: 0,
    counted_since: iso(at),
    last_misfit_at: null,
    created_at: iso(at),
    created_by: { id: demoId(at, 729), name: "Alice" },
    updated_at: iso(at),
    ...given,
  };
}

/** Schemas; what they are tried on never has the field `never`. */
export function eventSchemaHandlers(): RequestHandler[] {
  const now = Date.now();
  const schemas = [
    makeSchema(now - 9_000_000, { number: 3, warned_count: 1_241, refused_count: 7, last_misfit_at: iso(now - 120_000) }),
    makeSchema(now - 8_000_000, { id: demoId(now, 721), name: "order.*", mode: "OFF", schema: {} }),
  ];
  const place = (id: unknown) => schemas.findIndex((each) => each.id === id);
  const gone = () => refusal(404, "not_found", "There is no such schema.");
  const unusable = ({ schema }: Body) =>
    schema?.["type"] === "array" ? refusal(400, "invalid_request", "The schema cannot be used.", { schema: ["The schema describes an object."] }) : null;

  return [
    http.get(`${W}/event-schemas`, ({ request, params }) => page(params["workspace"] === "fresh" ? [] : schemas, new URL(request.url))),
    http.post(`${W}/event-schemas/preview`, async ({ request }) => {
      const body = (await request.json()) as Body;
      const sample = { id: demoId(now, 725), name: "table.loaded", occurred_at: iso(now - 300_000), field: "", message: "“never” is needed." };
      const asksMuch = JSON.stringify(body.schema).includes("never");
      return unusable(body) ?? HttpResponse.json({ checked: 1_000, failed: asksMuch ? 12 : 0, more: true, samples: asksMuch ? [sample] : [] });
    }),
    http.post(`${W}/event-schemas`, async ({ request }) => {
      const body = (await request.json()) as Body;
      if (schemas.some((each) => each.name === body.name)) {
        return refusal(400, "invalid_request", "There is a schema of this name.", { name: ["Taken by another schema."] });
      }
      const refused = unusable(body);
      if (refused !== null) return refused;
      const made = makeSchema(Date.now(), { ...body, id: demoId(now, 730 + schemas.length) });
      schemas.unshift(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(`${W}/event-schemas/:id`, async ({ params, request }) => {
      const found = schemas[place(params["id"])];
      if (found === undefined) return gone();
      const body = (await request.json()) as Body;
      const isNew = JSON.stringify(body.schema) !== JSON.stringify(found.schema);
      const changed: EventSchema = { ...found, ...body, ...(isNew ? { number: found.number + 1, warned_count: 0, refused_count: 0, last_misfit_at: null } : {}) };
      schemas[place(found.id)] = changed;
      return HttpResponse.json(changed);
    }),
    http.delete(`${W}/event-schemas/:id`, ({ params }) => {
      if (place(params["id"]) < 0) return gone();
      schemas.splice(place(params["id"]), 1);
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
