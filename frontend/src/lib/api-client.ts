import { errorFrom, unreachable } from "@/lib/errors";

type QueryValue = string | number | boolean | readonly string[] | null | undefined;

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly body?: unknown;
  /** Sent as it is, instead of a body. */
  readonly content?: { readonly type: string; readonly data: Uint8Array<ArrayBuffer> };
  readonly signal?: AbortSignal;
  /** Sent as Idempotency-Key: the same key makes the same thing once. */
  readonly idempotencyKey?: string;
}

/** Builds a query string; lists repeat their key, empty values are left out. */
export function queryString(query: RequestOptions["query"]): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined || value === "") continue;
    if (typeof value === "object") for (const one of value) search.append(key, one);
    else search.append(key, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

export function readCookie(name: string): string | null {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found === undefined ? null : decodeURIComponent(found.slice(name.length + 1));
}

export interface Answer<T> {
  readonly body: T;
  /** After which what was not taken is worth sending again. */
  readonly retryAfterSeconds: number | null;
}

/** One request to our own origin; resolves with the decoded body or rejects with an ApiError. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return (await exchange<T>(path, options)).body;
}

/** The same, with what the answer's headers say. */
export async function exchange<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const method = options.method ?? "GET";
  const headers = new Headers({ Accept: "application/json" });
  if (options.content !== undefined) headers.set("Content-Type", options.content.type);
  else if (options.body !== undefined) headers.set("Content-Type", "application/json");
  if (method !== "GET") {
    const token = readCookie("csrftoken");
    if (token !== null) headers.set("X-CSRFToken", token);
  }
  if (options.idempotencyKey !== undefined) headers.set("Idempotency-Key", options.idempotencyKey);

  let response: Response;
  try {
    response = await fetch(path + queryString(options.query), {
      method,
      headers,
      credentials: "same-origin",
      body: options.content?.data ?? (options.body === undefined ? null : JSON.stringify(options.body)),
      signal: options.signal ?? null,
    });
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw unreachable();
  }
  const text = await response.text();
  const body = decode(text);
  if (!response.ok) throw errorFrom(response.status, body, response.headers.get("X-Request-Id"));
  const wait = Number(response.headers.get("Retry-After") ?? NaN);
  return { body: body as T, retryAfterSeconds: Number.isFinite(wait) ? wait : null };
}

function decode(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // not ours: errorFrom names the status instead
  }
}

export function workspaceUrl(workspace: string, path = ""): string {
  return `/api/v1/workspaces/${encodeURIComponent(workspace)}${path}`;
}

export function newIdempotencyKey(): string {
  // randomUUID needs a secure context; a self-hosted Headway on plain http in a LAN has none.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
