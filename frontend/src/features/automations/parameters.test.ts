import { describe, expect, it } from "vitest";

import { fieldsOf } from "@/components/form/schema";

import { firstValues, fitsForm, readParameters, shownFields } from "./parameters";

const FIELDS = fieldsOf({
  properties: {
    day: { type: "string", format: "date" },
    limit: { type: "integer", minimum: 1 },
    mode: { enum: ["append", "replace"] },
    tables: { type: "array", items: { type: "object" } },
  },
});

function again(said: Record<string, unknown>): unknown {
  const values = firstValues(FIELDS, said, {});
  return JSON.parse(readParameters(FIELDS, Object.keys(said), values).text);
}

describe("parameters of a run that an automation starts", () => {
  it.each([
    ["values", { day: "2026-11-22", limit: 7, mode: "append", tables: [{ name: "orders" }] }],
    ["templates in place of any type", { day: "{{ event.occurred_at }}", limit: "{{ event.payload.rows }}", mode: "{% if event.run_id %}append{% endif %}", tables: "{{ event.payload.tables }}" }],
    ["templates inside a value", { tables: [{ name: "{{ event.resource.name }}" }] }],
  ])("come back from the form as they were: %s", (_, said) => {
    expect(again(said)).toEqual(said);
  });

  it("are only those that it sets itself, of which the wrong ones are named", () => {
    const values = { ...firstValues(FIELDS, {}, { day: "2026-11-22" }), limit: "0" };

    expect(readParameters(FIELDS, ["day", "limit"], values)).toEqual({ text: JSON.stringify({ day: "2026-11-22" }, null, 2), problems: { limit: "At least 1." } });
    expect(shownFields(FIELDS, ["limit"], values).map(({ name, kind }) => [name, kind])).toEqual([["limit", "integer"]]);
  });

  it("fit the form unless it would hide some of them", () => {
    expect(fitsForm(FIELDS, { limit: 1 })).toBe(true);
    expect(fitsForm(FIELDS, { limit: 1, other: 2 })).toBe(false);
    expect(fitsForm(FIELDS, null)).toBe(false);
  });
});
