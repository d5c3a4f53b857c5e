import { z } from "zod/mini";

const envelope = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
    fields: z.optional(z.nullable(z.record(z.string(), z.array(z.string())))),
    retryable: z.optional(z.boolean()),
    request_id: z.optional(z.nullable(z.string())),
  }),
});

/** A refusal or failure of the API, as the envelope tells it. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Readonly<Record<string, readonly string[]>> = {},
    readonly requestId: string | null = null,
    readonly retryable = false,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** Reads an answer of status ≥ 400; anything that is not our envelope becomes a plain, honest error. */
export function errorFrom(status: number, body: unknown, requestId: string | null): ApiError {
  const parsed = envelope.safeParse(body);
  if (parsed.success) {
    const { code, message, fields, retryable, request_id, details } = parsed.data.error;
    return new ApiError(status, code, message, fields ?? {}, request_id ?? requestId, retryable ?? status >= 500, details ?? {});
  }
  return new ApiError(status, "unexpected_answer", `The server answered ${status}.`, {}, requestId, status >= 500);
}

/** The server could not be reached at all. */
export function unreachable(): ApiError {
  return new ApiError(0, "unreachable", "The server can't be reached. Check the connection and try again.", {}, null, true);
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(0, "client_error", message);
}
