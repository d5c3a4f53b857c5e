import type { Schema } from "./schema";

export type AccountRole = Schema<"AccountRoleEnum">;
export const ACCOUNT_ROLES = ["OWNER", "ADMIN", "BILLING", "MEMBER"] as const satisfies readonly AccountRole[];

export type AccountScope = Schema<"AccountScopeEnum">;

export type BuiltInRole = Schema<"RoleEnum">;

interface Life {
  readonly archived_at: string | null;
  readonly delete_after: string | null;
}

export interface MyAccount extends Life {
  readonly id: string;
  readonly name: string;
  readonly role: AccountRole;
  readonly scopes: readonly AccountScope[];
  readonly require_mfa: boolean;
  readonly sso_required: boolean;
}

export type AccountDetail = Schema<"AccountDetailOutput">;

/** What a team or a service account has in one workspace. */
export type WorkspaceGrant = Schema<"ServiceAccountPlace">;

export type MemberGrant = Schema<"PlaceOutput">;

export type Named = Schema<"NamedOutput">;

export type AccountMember = Schema<"AccountMemberOutput">;

export type AccountMemberDetail = Schema<"AccountMemberDetail">;

export type AccountWorkspace = Schema<"AccountWorkspaceOutput">;

export type GrantInput = Schema<"GrantInputRequest">;

export type InvitationState = Invitation["state"];

export type Invitation = Schema<"InvitationOutput">;

export type InvitationInput = Schema<"InvitationInputRequest">;

export type InvitationView = Schema<"OfferOutput">;

export type Acceptance = Schema<"AcceptedOutput">;

export interface Team {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly members: number;
  readonly external_id: string;
  readonly created_at: string;
  readonly workspaces: readonly WorkspaceGrant[];
}

export interface TeamMember {
  readonly id: string;
  readonly user: Schema<"AccountPersonOutput">;
  readonly account_role: AccountRole;
  readonly joined_at: string;
  readonly deactivated_at: string | null;
}

export interface Role {
  readonly id: string | null;
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly built_in: boolean;
  readonly based_on: BuiltInRole | null;
  readonly scopes: readonly string[];
  readonly adds: readonly string[];
  readonly lacks: readonly string[];
  readonly used_by: number;
}

export interface ScopeWords {
  readonly scope: string;
  readonly description: string;
  readonly group: string;
}

export interface RoleList {
  readonly items: readonly Role[];
  readonly scopes: readonly ScopeWords[];
}

export interface RoleInput {
  readonly name: string;
  readonly description: string;
  readonly based_on: BuiltInRole;
  readonly scopes: readonly string[];
}

export type ServiceAccount = Schema<"ServiceAccountOutput">;

export type SubjectKind = "member" | "team" | "service_account";

export type Assignment = Omit<Schema<"MemberOutput">, "kind"> & { readonly kind: SubjectKind };

export type RuleKind = "POOL" | "DEPLOYMENT" | "BLOCK";

export interface ObjectRule {
  readonly id: string;
  readonly object_kind: RuleKind;
  readonly object_id: string;
  readonly object_name?: string | null;
  readonly scope: string;
  readonly kind: SubjectKind;
  readonly subject_id: string;
  readonly name: string;
  readonly created_at: string;
}

export type AuditEntry = Schema<"AuditEntryOutput">;

export type AuditStream = Schema<"AuditStreamOutput">;

export interface KeyCounts {
  readonly active: number;
  readonly stale: number;
  readonly endless: number;
}

export interface SecuritySummary {
  readonly people: {
    readonly members: number;
    readonly owners: readonly Named[];
    readonly without_mfa: number;
    readonly inactive: number;
    readonly deactivated: number;
    readonly invitations: number;
  };
  readonly keys: KeyCounts & { readonly workspaces: readonly (KeyCounts & { readonly id: string; readonly slug: string; readonly name: string })[] };
  readonly sso: { readonly connections: number; readonly active: number; readonly required: boolean };
  readonly require_mfa: boolean;
  readonly allowed_networks: number;
  readonly own_address: string | null;
}

export interface Network {
  readonly cidr: string;
  readonly note: string;
}

export interface Networks {
  readonly items: readonly Network[];
  readonly own_address: string | null;
}

export type DataExport = Schema<"ExportOutput">;
