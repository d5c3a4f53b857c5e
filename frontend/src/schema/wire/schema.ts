import type { components } from "@/schema/api";

type Schemas = components["schemas"];

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** A shape of the API by its name in the OpenAPI schema; what came from the server is never changed in place. */
export type Schema<Name extends keyof Schemas> = DeepReadonly<Schemas[Name]>;
