import { z } from "zod/mini";

import { readCookie } from "@/lib/api-client";
import { ApiError, unreachable } from "@/lib/errors";

const BASE = "/_allauth/browser/v1";

const refusal = z.object({
  errors: z.array(z.object({ message: z.string(), code: z.string(), param: z.optional(z.string()) })),
});

interface AuthAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The sign-in protocol has its own envelope and uses 401 for "not yet", so it does not go through lib/api-client. */
async function call(path: string, method: "GET" | "POST" | "DELETE", body?: unknown): Promise<AuthAnswer> {
  const headers = new Headers({ Accept: "application/json" });
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const token = readCookie("csrftoken");
  if (token !== null) headers.set("X-CSRFToken", token);
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    throw unreachable();
  }
  const text = await response.text();
  const decoded: unknown = text.startsWith("{") ? JSON.parse(text) : null;
  if (response.status === 400 || response.status === 403 || response.status === 429 || response.status >= 500) {
    throw refusalFrom(response.status, decoded);
  }
  return { status: response.status, body: decoded };
}

function refusalFrom(status: number, body: unknown): ApiError {
  const parsed = refusal.safeParse(body);
  if (!parsed.success) {
    const message = status === 429 ? "Too many tries. Wait a minute and try again." : `The server answered ${status}.`;
    return new ApiError(status, "unexpected_answer", message);
  }
  const fields: Record<string, string[]> = {};
  for (const { param, message } of parsed.data.errors) (fields[param ?? ""] ??= []).push(message);
  const first = parsed.data.errors[0];
  return new ApiError(status, first?.code ?? "invalid", first?.message ?? "That didn’t work.", fields);
}

/** Any GET sets the CSRF cookie; a first visitor has none yet. */
async function ensureCsrf(): Promise<void> {
  if (readCookie("csrftoken") === null) await call("/auth/session", "GET");
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export async function logIn(credentials: Credentials): Promise<void> {
  await ensureCsrf();
  await call("/auth/login", "POST", credentials);
}

export async function signUp(credentials: Credentials): Promise<void> {
  await ensureCsrf();
  await call("/auth/signup", "POST", credentials);
}

export async function logOut(): Promise<void> {
  await call("/auth/session", "DELETE");
}

/** The answer is the same whether there is such an account or not. */
export async function requestReset(email: string): Promise<void> {
  await ensureCsrf();
  await call("/auth/password/request", "POST", { email });
}

/** Sets a new password with the key of a mail; the person then logs in with it. */
export async function resetPassword(key: string, password: string): Promise<void> {
  await ensureCsrf();
  await call("/auth/password/reset", "POST", { key, password });
}

export async function verifyEmail(key: string): Promise<void> {
  await ensureCsrf();
  await call("/auth/email/verify", "POST", { key });
}
