import { queryOptions } from "@tanstack/react-query";
import { z } from "zod/mini";

import { authCall, type AuthAnswer } from "@/lib/auth-client";
import { askForPasskey } from "@/lib/webauthn";

/** Where somebody who signs in stands. */
export type Standing =
  | { readonly step: "in" }
  | { readonly step: "out" }
  | { readonly step: "confirm-address" }
  | { readonly step: "second-factor"; readonly types: readonly string[] }
  | { readonly step: "name-address" };

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export function standingOf({ status, flows }: Pick<AuthAnswer, "status" | "flows">): Standing {
  if (status === 200 || status === 409) return { step: "in" }; // 409: signed in in another tab
  const pending = flows.filter((flow) => flow.is_pending === true);
  const factor = pending.find((flow) => flow.id === "mfa_authenticate");
  if (factor !== undefined) return { step: "second-factor", types: factor.types ?? [] };
  if (pending.some((flow) => flow.id === "verify_email")) return { step: "confirm-address" };
  if (pending.some((flow) => flow.id === "provider_signup")) return { step: "name-address" };
  return { step: "out" };
}

export async function whereAmI(signal?: AbortSignal): Promise<Standing> {
  return standingOf(await authCall("GET", "/auth/session", signal === undefined ? {} : { signal }));
}

export async function logIn(credentials: Credentials): Promise<Standing> {
  return standingOf(await authCall("POST", "/auth/login", { body: credentials }));
}

/** With the token of an invitation to that very address, it is confirmed thereby and the invitation accepted. */
export async function signUp(credentials: Credentials, invitation: string | null = null): Promise<Standing> {
  const headers: Record<string, string> = invitation === null ? {} : { "X-Invitation": invitation };
  return standingOf(await authCall("POST", "/auth/signup", { body: credentials, headers }));
}

export async function logOut(): Promise<void> {
  await authCall("DELETE", "/auth/session");
}

/** The answer is the same whether there is such an account or not. */
export async function requestReset(email: string): Promise<void> {
  await authCall("POST", "/auth/password/request", { body: { email } });
}

/** Sets a new password with the key of a mail; the person then logs in with it. */
export async function resetPassword(key: string, password: string): Promise<void> {
  await authCall("POST", "/auth/password/reset", { body: { key, password } });
}

/** Confirms the address; the browser that signed up is then signed in. */
export async function verifyEmail(key: string): Promise<Standing> {
  return standingOf(await authCall("POST", "/auth/email/verify", { body: { key } }));
}

export async function sendSecondCode(code: string): Promise<Standing> {
  return standingOf(await authCall("POST", "/auth/2fa/authenticate", { body: { code } }));
}

const options = z.object({ request_options: z.unknown() });

/** For each occasion to ask for a passkey; null when the person turns away. */
async function withPasskey(
  path: "/auth/webauthn/login" | "/auth/webauthn/authenticate" | "/auth/webauthn/reauthenticate",
  how: Parameters<typeof askForPasskey>[1] = {},
): Promise<AuthAnswer | null> {
  const { data } = await authCall("GET", path, how.signal === undefined ? {} : { signal: how.signal });
  const credential = await askForPasskey(options.parse(data).request_options, how);
  return credential === null ? null : authCall("POST", path, { body: { credential } });
}

export async function logInWithPasskey(how: Parameters<typeof askForPasskey>[1] = {}): Promise<Standing | null> {
  const answer = await withPasskey("/auth/webauthn/login", how);
  return answer === null ? null : standingOf(answer);
}

export async function showSecondPasskey(): Promise<Standing | null> {
  const answer = await withPasskey("/auth/webauthn/authenticate");
  return answer === null ? null : standingOf(answer);
}

export async function confirmByPassword(password: string): Promise<boolean> {
  await authCall("POST", "/auth/reauthenticate", { body: { password } });
  return true;
}

export async function confirmByCode(code: string): Promise<boolean> {
  await authCall("POST", "/auth/2fa/reauthenticate", { body: { code } });
  return true;
}

export async function confirmByPasskey(): Promise<boolean> {
  return (await withPasskey("/auth/webauthn/reauthenticate")) !== null;
}

/** The address with which somebody signs up whom another service told us without one. */
export async function nameAddress(email: string): Promise<Standing> {
  return standingOf(await authCall("POST", "/auth/provider/signup", { body: { email } }));
}

const config = z.object({
  socialaccount: z.object({ providers: z.array(z.object({ id: z.string(), name: z.string() })) }),
});

export interface Service {
  readonly id: string;
  readonly name: string;
}

/** The other services that people may sign in with here. */
export const servicesQuery = queryOptions({
  queryKey: ["auth", "services"],
  queryFn: async ({ signal }): Promise<readonly Service[]> => {
    const { data } = await authCall("GET", "/config", { signal });
    return config.parse(data).socialaccount.providers;
  },
  staleTime: Infinity,
});

const location = z.object({ location: z.string() });

/** Where to go to sign in at the service, or to connect it; from there the way leads back to `callback`. */
export async function askService(provider: string, process: "login" | "connect", callback: string): Promise<string> {
  const body = new URLSearchParams({ provider, process, callback_url: new URL(callback, window.location.origin).href });
  const { data } = await authCall("POST", "/auth/provider/redirect", { body });
  return location.parse(data).location;
}
