import { oneOf, textOf } from "@/lib/search-params";
import { parseRange, type RangeSearch } from "@/lib/time";
import { ACCOUNT_ROLES, type AccountRole, type SubjectKind } from "@/schema/wire/account";

type Search = Record<string, unknown>;

export interface MembersSearch {
  readonly q?: string | undefined;
  readonly role?: AccountRole | undefined;
  readonly team?: string | undefined;
  /** A workspace's slug. */
  readonly workspace?: string | undefined;
  readonly state?: "active" | "deactivated" | undefined;
  readonly mfa?: "true" | "false" | undefined;
  /** Not seen for so many days. */
  readonly unseen?: string | undefined;
  /** Whose drawer is open. */
  readonly member?: string | undefined;
}

export const UNSEEN_DAYS = ["30", "90", "180"] as const;

export function parseMembersSearch(search: Search): MembersSearch {
  return {
    q: textOf(search["q"]),
    role: oneOf(search["role"], ACCOUNT_ROLES),
    team: textOf(search["team"]),
    workspace: textOf(search["workspace"]),
    state: oneOf(search["state"], ["active", "deactivated"]),
    mfa: oneOf(search["mfa"], ["true", "false"]),
    unseen: oneOf(search["unseen"], UNSEEN_DAYS),
    member: textOf(search["member"]),
  };
}

export function isFilteredMembers({ q, role, team, workspace, state, mfa, unseen }: MembersSearch): boolean {
  return [q, role, team, workspace, state, mfa, unseen].some((each) => each !== undefined);
}

export const INVITATION_STATES = ["OPEN", "EXPIRED", "ACCEPTED", "REVOKED"] as const;

export interface InvitationsSearch {
  /** Open ones unless said otherwise. */
  readonly state?: (typeof INVITATION_STATES)[number] | "all" | undefined;
  readonly q?: string | undefined;
  /** The dialog is open. */
  readonly invite?: "new" | undefined;
}

export function parseInvitationsSearch(search: Search): InvitationsSearch {
  return {
    state: oneOf(search["state"], [...INVITATION_STATES, "all"]),
    q: textOf(search["q"]),
    invite: oneOf(search["invite"], ["new"]),
  };
}

export interface NameSearch {
  readonly q?: string | undefined;
}

export function parseNameSearch(search: Search): NameSearch {
  return { q: textOf(search["q"]) };
}

export interface WorkspacesPageSearch {
  readonly state?: "archived" | undefined;
}

export function parseWorkspacesSearch(search: Search): WorkspacesPageSearch {
  return { state: oneOf(search["state"], ["archived"]) };
}

export interface RolesSearch {
  /** The key of the role that is looked at, or "new". */
  readonly role?: string | undefined;
  /** The built-in role that a new one starts from. */
  readonly base?: string | undefined;
}

export function parseRolesSearch(search: Search): RolesSearch {
  return { role: textOf(search["role"]), base: textOf(search["base"]) };
}

export interface AuditSearch extends RangeSearch {
  readonly actor?: string | undefined;
  /** A prefix: "member." is all that happened to members. */
  readonly action?: string | undefined;
  readonly kind?: string | undefined;
  readonly object?: string | undefined;
  readonly workspace?: string | undefined;
  readonly q?: string | undefined;
  /** The entry that is unfolded. */
  readonly entry?: string | undefined;
}

export function parseAuditSearch(search: Search): AuditSearch {
  return {
    ...parseRange(search),
    actor: textOf(search["actor"]),
    action: textOf(search["action"]),
    kind: textOf(search["kind"]),
    object: textOf(search["object"]),
    workspace: textOf(search["workspace"]),
    q: textOf(search["q"]),
    entry: textOf(search["entry"]),
  };
}

const SUBJECT_KINDS = ["member", "team", "service_account"] as const;

export interface AccessSearch {
  readonly kind?: SubjectKind | undefined;
  readonly q?: string | undefined;
}

export function parseAccessSearch(search: Search): AccessSearch {
  return { kind: oneOf(search["kind"], SUBJECT_KINDS), q: textOf(search["q"]) };
}
