import type { JsonSchema } from "./deployments";
import type { Schema } from "./schema";

/** The API calls the form an object; what kind of object is JSON Schema's matter. */
export type Approval = Omit<Schema<"ApprovalOutput">, "form"> & { readonly form: JsonSchema };
export type ApprovalState = Schema<"ApprovalStateEnum">;
export type ApprovalAnswer = Schema<"ApprovalAnswerInputRequest">;
