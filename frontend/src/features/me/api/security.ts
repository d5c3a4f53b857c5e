import { queryOptions } from "@tanstack/react-query";
import { z } from "zod/mini";

import { authCall } from "@/lib/auth-client";
import { makePasskey } from "@/lib/webauthn";
import { meKeys } from "@/features/me/keys";

const moment = z.nullable(z.number());

const factor = z.object({
  type: z.enum(["totp", "webauthn", "recovery_codes"]),
  created_at: z.number(),
  last_used_at: moment,
  id: z.optional(z.number()),
  name: z.optional(z.string()),
  is_passwordless: z.optional(z.boolean()),
  total_code_count: z.optional(z.number()),
  unused_code_count: z.optional(z.number()),
});

export type Factor = z.infer<typeof factor>;
export type Passkey = Factor & { readonly id: number };

const session = z.object({ user: z.object({ has_usable_password: z.boolean() }) });

export interface Security {
  readonly hasPassword: boolean;
  readonly app: Factor | null;
  readonly codes: Factor | null;
  readonly passkeys: readonly Passkey[];
}

/** What guards the login; at most two requests. */
export const securityQuery = queryOptions({
  queryKey: meKeys.factors,
  queryFn: async ({ signal }): Promise<Security> => {
    const [factors, mine] = await Promise.all([
      authCall("GET", "/account/authenticators", { signal }),
      authCall("GET", "/auth/session", { signal }),
    ]);
    const all = z.array(factor).parse(factors.data);
    return {
      hasPassword: session.parse(mine.data).user.has_usable_password,
      app: all.find((each) => each.type === "totp") ?? null,
      codes: all.find((each) => each.type === "recovery_codes") ?? null,
      passkeys: all.filter((each): each is Passkey => each.type === "webauthn" && each.id !== undefined),
    };
  },
});

export async function changePassword(change: { readonly current: string; readonly wanted: string }): Promise<void> {
  const { current, wanted } = change;
  const body = current === "" ? { new_password: wanted } : { current_password: current, new_password: wanted };
  await authCall("POST", "/account/password/change", { body });
}

const offer = z.object({ secret: z.string(), totp_url: z.string() });

export type AppOffer = z.infer<typeof offer>;

/** A secret for an app; it counts once a code of it was sent. */
export async function offerApp(): Promise<AppOffer> {
  return offer.parse((await authCall("GET", "/account/authenticators/totp", { refuses: [409] })).meta);
}

export async function activateApp(code: string): Promise<void> {
  await authCall("POST", "/account/authenticators/totp", { body: { code } });
}

export async function removeApp(): Promise<void> {
  await authCall("DELETE", "/account/authenticators/totp");
}

const creation = z.object({ creation_options: z.unknown() });

/** False when the person turned away at their device. */
export async function addPasskey(name: string): Promise<boolean> {
  const { data } = await authCall("GET", "/account/authenticators/webauthn?passwordless", { refuses: [409] });
  const credential = await makePasskey(creation.parse(data).creation_options);
  if (credential === null) return false;
  await authCall("POST", "/account/authenticators/webauthn", { body: { name, credential, passwordless: true } });
  return true;
}

export async function renamePasskey({ id, name }: { readonly id: number; readonly name: string }): Promise<void> {
  await authCall("PUT", "/account/authenticators/webauthn", { body: { id, name } });
}

export async function removePasskey(id: number): Promise<void> {
  await authCall("DELETE", "/account/authenticators/webauthn", { body: { authenticators: [id] } });
}

const codes = z.object({ unused_codes: z.optional(z.array(z.string())) });

/** Those that came with the first factor; null when they were shown before. */
export async function firstCodes(): Promise<readonly string[] | null> {
  const { data, status } = await authCall("GET", "/account/authenticators/recovery-codes");
  return status === 404 ? null : (codes.parse(data).unused_codes ?? null);
}

export async function newCodes(): Promise<readonly string[]> {
  const { data } = await authCall("POST", "/account/authenticators/recovery-codes", { body: {} });
  return codes.parse(data).unused_codes ?? [];
}

const connected = z.array(z.object({ uid: z.string(), display: z.string(), provider: z.object({ id: z.string(), name: z.string() }) }));

export type Connected = z.infer<typeof connected>[number];

export const connectedQuery = queryOptions({
  queryKey: meKeys.services,
  queryFn: async ({ signal }) => connected.parse((await authCall("GET", "/account/providers", { signal })).data),
});

export async function disconnect({ provider, uid }: Connected): Promise<void> {
  await authCall("DELETE", "/account/providers", { body: { provider: provider.id, account: uid } });
}
