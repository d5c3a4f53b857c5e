import type { Schema } from "./schema";

export type AccountRole = Schema<"AccountRoleEnum">;
export const ACCOUNT_ROLES = ["OWNER", "ADMIN", "BILLING", "MEMBER"] as const satisfies readonly AccountRole[];

export type AccountScope = Schema<"AccountScopeEnum">;

export type BuiltInRole = Schema<"RoleEnum">;

export type MyAccount = Schema<"MyAccount">;

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

export type Team = Schema<"TeamOutput">;

export type TeamMember = Schema<"TeamMemberOutput">;

export type Role = Schema<"RoleOutput">;

export type RoleList = Schema<"RoleList">;

export type RoleInput = Schema<"CustomRoleInputRequest">;

export type Scope = Schema<"ScopesEnum">;

export type ServiceAccount = Schema<"ServiceAccountOutput">;

export type SubjectKind = "member" | "team" | "service_account";

export type Assignment = Omit<Schema<"MemberOutput">, "kind"> & { readonly kind: SubjectKind };

export type RuleKind = Schema<"ObjectKindEnum">;

export type ObjectRule = Schema<"RuleOutput">;

export type AuditEntry = Schema<"AuditEntryOutput">;

export type AuditStream = Schema<"AuditStreamOutput">;

export type SecuritySummary = Schema<"SecurityOutput">;

export type Network = Schema<"AllowedNetworkOutput">;

export type Networks = Schema<"AllowedNetworksOutput">;

export type DataExport = Schema<"ExportOutput">;
