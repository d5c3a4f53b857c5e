import { queryOptions } from "@tanstack/react-query";
import { z } from "zod/mini";

import { request } from "@/lib/api-client";
import { authCall } from "@/lib/auth-client";
import { meKeys } from "@/features/me/keys";
import type { Schema } from "@/schema/wire/schema";

export type Leaving = Schema<"LeavingOutput">;
export type AccountFate = Schema<"AccountFateOutput">;

const addresses = z.array(z.object({ email: z.string(), verified: z.boolean(), primary: z.boolean() }));

export type Address = z.infer<typeof addresses>[number];

export const addressesQuery = queryOptions({
  queryKey: meKeys.addresses,
  queryFn: async ({ signal }) => addresses.parse((await authCall("GET", "/account/email", { signal })).data),
});

export async function addAddress(email: string): Promise<void> {
  await authCall("POST", "/account/email", { body: { email } });
}

export async function removeAddress(email: string): Promise<void> {
  await authCall("DELETE", "/account/email", { body: { email } });
}

export async function makeFirst(email: string): Promise<void> {
  await authCall("PATCH", "/account/email", { body: { email, primary: true } });
}

/** False when one was sent a moment ago. */
export async function sendConfirmation(email: string): Promise<boolean> {
  try {
    await authCall("PUT", "/account/email", { body: { email } });
    return true;
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === 403) return false;
    throw error;
  }
}

export async function rename(name: string): Promise<void> {
  await request("/api/v1/me", { method: "PATCH", body: { name } });
}

export const deletionQuery = queryOptions({
  queryKey: meKeys.deletion,
  queryFn: ({ signal }) => request<Leaving>("/api/v1/me/deletion", { signal }),
  staleTime: 0,
});

export async function deleteMe(): Promise<void> {
  await request("/api/v1/me", { method: "DELETE" });
}
