import { useMemo, useState } from "react";

import { asApiError } from "@/lib/errors";
import type { JsonSchema } from "@/schema/wire/deployments";

import { fieldsOf, initialValues, type Field, type RawValues } from "./schema";
import { readForm, serverProblems, unplaced } from "./validate";

export interface SchemaForm {
  readonly fields: readonly Field[];
  readonly values: RawValues;
  /** What would be sent. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** How often something was typed: an attempt with other input is another one. */
  readonly edits: number;
  readonly change: (values: RawValues, name: string) => void;
  /** Shows all that is wrong; false when something is. */
  readonly attempt: () => boolean;
  /** What the server refused, by its own names. */
  readonly said: (error: unknown) => Readonly<Record<string, readonly string[]>>;
  /** By field, what the server refused. */
  readonly refused: (error: unknown) => Readonly<Record<string, string>>;
  /** What to show at the fields: the server's word, else ours of what was touched. */
  readonly problems: (error: unknown) => Readonly<Record<string, string>>;
  /** What the server refused of nothing that has a field here; "" when all is placed. */
  readonly rest: (error: unknown, others?: readonly string[]) => string;
}

/** The state of a form made from a JSON schema; `place` is what the server's answer calls it. */
export function useSchemaForm(schema: JsonSchema, start: Readonly<Record<string, unknown>>, place: string): SchemaForm {
  const fields = useMemo(() => fieldsOf(schema), [schema]);
  // Only what was typed is kept: where the schema becomes another one, that stays, and the rest starts anew.
  const [typed, setTyped] = useState<RawValues>({});
  const values = { ...initialValues(fields, start), ...typed };
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [tried, setTried] = useState(false);
  const [edits, setEdits] = useState(0);
  const { parameters, problems } = readForm(fields, values);
  const said = (error: unknown) => (error === null || error === undefined ? {} : asApiError(error).fields);
  const refused = (error: unknown) => serverProblems(said(error), fields, place);
  return {
    fields,
    values,
    parameters,
    edits,
    change: (next, name) => {
      const value = next[name];
      if (value !== undefined) setTyped({ ...typed, [name]: value });
      setTouched(new Set([...touched, name]));
      setEdits(edits + 1);
    },
    attempt: () => {
      setTried(true);
      return Object.keys(problems).length === 0;
    },
    said,
    refused,
    problems: (error) => {
      const own = Object.entries(problems).filter(([key]) => tried || touched.has(key.split(".")[0] ?? ""));
      return { ...Object.fromEntries(own), ...refused(error) };
    },
    rest: (error, others = []) => unplaced(refused(error), fields, others).join(" "),
  };
}
