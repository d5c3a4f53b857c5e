import { z } from "zod/mini";

import { readCookie } from "@/lib/api-client";
import { ApiError, unreachable } from "@/lib/errors";

const BASE = "/_allauth/browser/v1";

const refusal = z.object({
  errors: z.array(z.object({ message: z.string(), code: z.string(), param: z.optional(z.string()) })),
});

const flow = z.object({
  id: z.string(),
  is_pending: z.optional(z.boolean()),
  types: z.optional(z.array(z.string())),
});

const answer = z.object({
  data: z.optional(z.unknown()),
  meta: z.optional(z.record(z.string(), z.unknown())),
});

const unfinished = z.object({ data: z.object({ flows: z.optional(z.array(flow)) }) });

export type Flow = z.infer<typeof flow>;

export interface AuthAnswer {
  readonly status: number;
  readonly data: unknown;
  readonly meta: Readonly<Record<string, unknown>>;
  /** What signing in still asks for, or could begin with. */
  readonly flows: readonly Flow[];
}

export interface AuthRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Answers other than 400, 403, 429 and 5xx that are refusals here too. */
  readonly refuses?: readonly number[];
}

/** The sign-in protocol has its own envelope and uses 401 for "not yet", so it does not go through lib/api-client. */
export async function authCall(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  { body, headers: more = {}, signal, refuses = [] }: AuthRequest = {},
): Promise<AuthAnswer> {
  if (method !== "GET" && readCookie("csrftoken") === null) {
    await authCall("GET", "/auth/session"); // any GET sets the cookie; a first visitor has none yet
  }
  const headers = new Headers({ Accept: "application/json", ...more });
  const form = body instanceof URLSearchParams;
  if (body !== undefined && !form) headers.set("Content-Type", "application/json");
  const token = readCookie("csrftoken");
  if (token !== null) headers.set("X-CSRFToken", token);
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? null : form ? body : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw unreachable();
  }
  const { status } = response;
  const decoded = decode(await response.text());
  const flows = unfinished.safeParse(decoded).data?.data.flows ?? [];
  const parsed = answer.safeParse(decoded);
  const meta = parsed.data?.meta ?? {};
  if (status === 401 && meta["is_authenticated"] === true) throw reauthenticationRequired(flows);
  if (status === 400 || status === 403 || status === 429 || status >= 500 || refuses.includes(status)) {
    throw refusalFrom(status, decoded, response.headers.get("X-Request-Id"));
  }
  return { status, data: parsed.data?.data, meta, flows };
}

function decode(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function refusalFrom(status: number, body: unknown, requestId: string | null): ApiError {
  const parsed = refusal.safeParse(body);
  if (!parsed.success) {
    return new ApiError(status, "unexpected_answer", `The server answered ${status}.`, {}, requestId);
  }
  const fields: Record<string, string[]> = {};
  for (const { param, message } of parsed.data.errors) (fields[param ?? ""] ??= []).push(message);
  const first = parsed.data.errors[0];
  return new ApiError(status, first?.code ?? "invalid", first?.message ?? "That didn’t work.", fields, requestId);
}

/** The same refusal as our own API gives, with the ways that are open to the person. */
function reauthenticationRequired(flows: readonly Flow[]): ApiError {
  const methods = flows.flatMap(({ id, types }) => (id === "reauthenticate" ? ["password"] : (types ?? [])));
  return new ApiError(401, "reauthentication_required", "Confirm first that it is you.", {}, null, false, { methods });
}

/** The ways to confirm that it is them, when that is what an answer asks for; else null. */
export function waysToConfirm(error: unknown): readonly string[] | null {
  if (!(error instanceof ApiError) || error.code !== "reauthentication_required") return null;
  const { methods } = error.details;
  return Array.isArray(methods) ? methods.filter((each): each is string => typeof each === "string") : [];
}
