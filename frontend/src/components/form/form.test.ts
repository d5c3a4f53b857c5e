import { describe, expect, it } from "vitest";

import type { JsonSchema } from "@/schema/wire/deployments";
import { DEMO_SCHEMA } from "@/testing/demo/world";

import { fieldsOf, initialValues, type Field } from "./schema";
import { parseField, problemsInside, readForm, serverProblems, unplaced } from "./validate";

function field(schema: JsonSchema, required = true): Field {
  const [found] = fieldsOf({ type: "object", properties: { it: schema }, required: required ? ["it"] : [] });
  if (found === undefined) throw new Error("one property makes one field");
  return found;
}

describe("fieldsOf", () => {
  it("chooses a control for every parameter of the demo", () => {
    expect(fieldsOf(DEMO_SCHEMA).map(({ name, kind }) => [name, kind])).toEqual([
      ["day", "date"],
      ["airports", "array"],
      ["limit", "integer"],
      ["threshold", "number"],
      ["mode", "enum"],
      ["dry_run", "boolean"],
      ["since", "date-time"],
      ["options", "json"],
    ]);
  });

  it.each<[JsonSchema, string]>([
    [{ type: ["integer", "null"] }, "integer"],
    [{ anyOf: [{ type: "string" }, { type: "null" }] }, "string"],
    [{ anyOf: [{ type: "string" }, { type: "integer" }] }, "json"],
    [{ type: "array", items: { type: "object" } }, "json"],
    [{}, "json"],
    [{ type: "string", maxLength: 5_000 }, "text"],
  ])("reads %j as %s", (schema, kind) => {
    expect(field(schema).kind).toBe(kind);
  });

  it("follows a reference, as Pydantic writes enums", () => {
    const [found] = fieldsOf({ properties: { mode: { $ref: "#/$defs/Mode" } }, $defs: { Mode: { enum: ["a", "b"] } } });

    expect(found).toMatchObject({ kind: "enum", schema: { enum: ["a", "b"] } });
  });
});

describe("parseField", () => {
  it.each<[JsonSchema, string | boolean | string[], unknown]>([
    [{ type: "integer" }, " 42 ", 42],
    [{ type: "number" }, "0.5", 0.5],
    [{ type: "string" }, " kept ", " kept "],
    [{ type: "boolean" }, true, true],
    [{ enum: [1, "a"] }, "1", 1],
    [{ type: "string", format: "date" }, "2026-02-28", "2026-02-28"],
    [{ type: "array", items: { type: "integer" } }, ["1", "2"], [1, 2]],
    [{ type: "object" }, '{"a": [1]}', { a: [1] }],
  ])("%j takes %j", (schema, raw, value) => {
    expect(parseField(field(schema), raw)).toEqual({ ok: true, value });
  });

  it.each<[JsonSchema, string | string[], string]>([
    [{ type: "integer" }, "4.5", "Enter a whole number."],
    [{ type: "integer" }, "x", "Enter a number."],
    [{ type: "integer" }, "", "This one is needed."],
    [{ type: "number", minimum: 1 }, "0", "At least 1."],
    [{ type: "number", exclusiveMaximum: 1 }, "1", "Less than 1."],
    [{ type: "string", minLength: 3 }, "ab", "At least 3 characters."],
    [{ type: "string", pattern: "^[A-Z]+$" }, "ab", "Has to match ^[A-Z]+$."],
    [{ type: "string", format: "date" }, "28.2.2026", "Enter a date as year-month-day."],
    [{ type: "object" }, "[1]", "Has to be an object: { … }."],
    [{ type: "array", items: { type: "integer" } }, ["1", "two"], "“two” is not a whole number."],
    [{ type: "array", items: { type: "string" }, minItems: 1 }, [], "At least 1 entry."],
  ])("%j refuses %j", (schema, raw, problem) => {
    expect(parseField(field(schema), raw)).toEqual({ ok: false, problem });
  });

  it("leaves an empty optional parameter out and leaves a foreign pattern to the server", () => {
    expect(parseField(field({ type: "integer" }, false), "")).toEqual({ ok: true, value: undefined });
    expect(parseField(field({ type: "string", pattern: "(?P<x>a)" }), "b")).toEqual({ ok: true, value: "b" });
  });
});

it("starts from the deployment's parameters and the defaults", () => {
  const fields = fieldsOf(DEMO_SCHEMA);
  const values = initialValues(fields, { day: "2013-06-15", airports: ["JFK"] });

  expect(values).toMatchObject({ day: "2013-06-15", airports: ["JFK"], limit: "1000", mode: '"append"', dry_run: false, since: "" });
  expect(readForm(fields, values)).toEqual({
    parameters: { day: "2013-06-15", airports: ["JFK"], limit: 1000, threshold: 0.95, mode: "append", dry_run: false, options: { retries: 2 } },
    problems: {},
  });
});

it("brings the server's answer to the field it is about", () => {
  expect(serverProblems({ "parameters.airports[0]": ["No."], "parameters.limit": ["Too big."], name: ["Taken."] }, fieldsOf(DEMO_SCHEMA))).toEqual({
    airports: "No.",
    limit: "Too big.",
    name: "Taken.",
  });
});

const NESTED: JsonSchema = {
  type: "object",
  required: ["size"],
  properties: {
    size: { $ref: "#/$defs/Size" },
    options: { anyOf: [{ $ref: "#/$defs/Size" }, { type: "null" }], default: null },
    env: { type: "object", additionalProperties: { type: "string" } },
    open: { type: "object", properties: { a: { type: "string" } }, additionalProperties: true },
  },
  $defs: { Size: { title: "Size", type: "object", required: ["rows"], properties: { rows: { type: "integer", minimum: 1 }, hot: { type: "boolean" } } } },
};

describe("objects within the object", () => {
  const fields = fieldsOf(NESTED);

  it("are groups, lists of names, or JSON where they may hold anything", () => {
    expect(fields.map(({ name, kind, label }) => [name, kind, label])).toEqual([
      ["size", "group", "size"],
      ["options", "group", "options"],
      ["env", "map", "env"],
      ["open", "json", "open"],
    ]);
    expect(fields[0]?.fields.map(({ name, kind }) => [name, kind])).toEqual([
      ["rows", "integer"],
      ["hot", "boolean"],
    ]);
  });

  it("are read with what is in them, and left out while they are off", () => {
    const values = initialValues(fields, { size: { rows: 5 }, env: { A: "1", B: "x=y" } });

    expect(values).toEqual({ size: { rows: "5", hot: false }, options: false, env: "A=1\nB=x=y", open: "" });
    expect(readForm(fields, values)).toEqual({ parameters: { size: { rows: 5, hot: false }, env: { A: "1", B: "x=y" } }, problems: {} });
  });

  it("say what is wrong in them by the whole name", () => {
    const { problems } = readForm(fields, { ...initialValues(fields, {}), options: { rows: "0", hot: true }, env: "no name" });

    expect(problems).toEqual({ "size.rows": "This one is needed.", "options.rows": "At least 1.", env: "“no name” is not name=value." });
    expect(problemsInside(problems, "options")).toEqual({ rows: "At least 1." });
  });

  it("end where a type holds itself", () => {
    const tree: JsonSchema = { properties: { root: { $ref: "#/$defs/Node" } }, $defs: { Node: { type: "object", properties: { next: { $ref: "#/$defs/Node" } } } } };
    const [root] = fieldsOf(tree);

    expect(root?.fields[0]?.fields[0]?.fields[0]?.kind).toBe("json");
  });

  it("get the server's word at the field it is about, or the nearest one", () => {
    const said = { "values.size.rows": ["Too many."], "values.open.a.b": ["Odd."], "values.gone": ["Who?"], comment: ["Too long."] };
    const problems = serverProblems(said, fields, "values");

    expect(problems).toEqual({ "size.rows": "Too many.", open: "Odd.", gone: "Who?", comment: "Too long." });
    expect(unplaced(problems, fields, ["comment"])).toEqual(["Who?"]);
  });
});
