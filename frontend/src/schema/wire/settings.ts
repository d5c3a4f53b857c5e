import type { AccountRef } from "@/schema/wire/session";

export interface WorkspaceDetail {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly created_at: string;
  readonly account: AccountRef;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly limits: {
    readonly max_concurrent_runs: number | null;
    readonly events_per_minute: number | null;
    readonly retention_days: number | null;
  };
}

export const ROLES = ["OWNER", "DEVELOPER", "RUNNER", "VIEWER"] as const;
export const KEY_ROLES = ["DEVELOPER", "RUNNER", "VIEWER", "AGENT"] as const;

export interface Member {
  readonly id: string;
  readonly user: { readonly id: string; readonly name: string; readonly email: string };
  readonly role: string;
  readonly created_at: string;
}

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly role: string | null;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
  readonly created_by: { readonly id: string; readonly name: string } | string | null;
}

export interface CreatedApiKey extends ApiKey {
  readonly secret: string;
}
