import type { Schema } from "@/schema/wire/schema";
import { GRANTED_ROLES, type JoiningRole, type SsoConnection, type SsoDomain, type SsoKind, type SsoPolicy, type SsoTest, type SsoWould } from "@/schema/wire/sso";

type RoleFacts = Pick<Schema<"RoleOutput">, "key" | "name" | "built_in">;
type TeamFacts = Pick<Schema<"TeamOutput">, "name" | "provided">;

export type MetadataWay = "url" | "xml" | "hand";

export interface GrantRow {
  readonly workspace: string;
  /** A built-in role by its name, one of the account's own by its id. */
  readonly role: string;
}

export interface GroupRow {
  readonly group: string;
  readonly team: string;
}

/** A connection as its form holds it; secrets are empty until somebody types a new one. */
export interface Draft {
  readonly id: string;
  readonly kind: SsoKind;
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly groupsClaim: string;
  readonly way: MetadataWay;
  readonly metadataUrl: string;
  readonly metadataXml: string;
  readonly entityId: string;
  readonly ssoUrl: string;
  readonly sloUrl: string;
  readonly certificates: string;
  readonly emailAttribute: string;
  readonly nameAttribute: string;
  readonly groupsAttribute: string;
  readonly providerInitiated: boolean;
  readonly signRequests: boolean;
  readonly joins: boolean;
  readonly role: JoiningRole;
  readonly grants: readonly GrantRow[];
  readonly groups: readonly GroupRow[];
}

/** A UUID of version 4; crypto.randomUUID would need a secure context. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The id comes from here, so that the provider can be told our addresses before there is a connection. */
export function emptyDraft(kind: SsoKind, id: string): Draft {
  return {
    id,
    kind,
    name: kind === "OIDC" ? "Company login" : "Company SAML",
    issuer: "",
    clientId: "",
    clientSecret: "",
    groupsClaim: "groups",
    way: "url",
    metadataUrl: "",
    metadataXml: "",
    entityId: "",
    ssoUrl: "",
    sloUrl: "",
    certificates: "",
    emailAttribute: "",
    nameAttribute: "",
    groupsAttribute: "",
    providerInitiated: false,
    signRequests: false,
    joins: true,
    role: "MEMBER",
    grants: [],
    groups: [],
  };
}

export function draftOf(connection: SsoConnection): Draft {
  const { settings } = connection;
  return {
    ...emptyDraft(connection.kind, connection.id),
    name: connection.name,
    issuer: settings.issuer ?? "",
    clientId: settings.client_id ?? "",
    groupsClaim: settings.groups_claim ?? "groups",
    way: settings.metadata_url ? "url" : "hand",
    metadataUrl: settings.metadata_url ?? "",
    entityId: settings.entity_id ?? "",
    ssoUrl: settings.sso_url ?? "",
    sloUrl: settings.slo_url ?? "",
    certificates: (settings.certificates ?? []).map(asPem).join("\n"),
    emailAttribute: settings.email_attribute ?? "",
    nameAttribute: settings.name_attribute ?? "",
    groupsAttribute: settings.groups_attribute ?? "",
    providerInitiated: settings.allow_provider_initiated ?? false,
    signRequests: settings.sign_requests ?? false,
    joins: connection.joins_new_people,
    role: connection.default_role,
    grants: connection.default_grants.map((grant) => ({ workspace: grant.workspace_id, role: grant.custom_role_id ?? grant.role ?? "VIEWER" })),
    groups: connection.group_teams,
  };
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Several certificates in one field: as PEM blocks, or one as bare base64. */
export function splitCertificates(text: string): string[] {
  const blocks = text.match(PEM);
  if (blocks !== null) return blocks.map((block) => block.trim());
  return text.trim() === "" ? [] : [text.trim()];
}

function asPem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${(base64.match(/.{1,64}/g) ?? []).join("\n")}\n-----END CERTIFICATE-----`;
}

function settingsOf(draft: Draft): object {
  if (draft.kind === "OIDC") {
    return { issuer: draft.issuer.trim(), client_id: draft.clientId.trim(), groups_claim: draft.groupsClaim.trim() || "groups" };
  }
  const shared = {
    email_attribute: draft.emailAttribute.trim(),
    name_attribute: draft.nameAttribute.trim(),
    groups_attribute: draft.groupsAttribute.trim(),
    allow_provider_initiated: draft.providerInitiated,
    sign_requests: draft.signRequests,
  };
  if (draft.way === "url") return { ...shared, metadata_url: draft.metadataUrl.trim() };
  if (draft.way === "xml") return { ...shared, metadata_url: "", metadata_xml: draft.metadataXml };
  return {
    ...shared,
    metadata_url: "",
    entity_id: draft.entityId.trim(),
    sso_url: draft.ssoUrl.trim(),
    slo_url: draft.sloUrl.trim(),
    certificates: splitCertificates(draft.certificates),
  };
}

function isBuiltIn(role: string): boolean {
  return GRANTED_ROLES.some((each) => each === role);
}

interface Option {
  readonly value: string;
  readonly label: string;
  readonly disabled?: boolean;
}

/** Roles of a workspace: those built in, then the account's own. The present one is there before the list is. */
export function roleChoices(roles: readonly RoleFacts[], present: string): (Option | { group: string; items: Option[] })[] {
  const builtIn = GRANTED_ROLES.map((key) => ({ value: key as string, label: roles.find((role) => role.key === key)?.name ?? titled(key) }));
  const own = roles.filter((role) => !role.built_in).map(({ key, name }) => ({ value: key, label: name }));
  const known = [...builtIn, ...own].some((option) => option.value === present);
  return [...(known ? [] : [{ value: present, label: "A role of the account" }]), { group: "Built in", items: builtIn }, ...(own.length === 0 ? [] : [{ group: "Of this account", items: own }])];
}

/** Teams that a group can be mapped to, by name as the mapping is. One that isn't there (any more) is still shown. */
export function teamChoices(teams: readonly TeamFacts[], present: string): Option[] {
  const options = teams.map(({ name, provided }) => ({ value: name, label: provided ? `${name} · kept by SCIM` : name, disabled: provided && name !== teamNamed(teams, present) }));
  return present === "" || options.some((option) => option.value === teamNamed(teams, present)) ? options : [{ value: present, label: `${present} · no such team` }, ...options];
}

/** The name as the team has it: the mapping ignores case. */
export function teamNamed(teams: readonly TeamFacts[], name: string): string {
  return teams.find((team) => team.name.toLowerCase() === name.toLowerCase())?.name ?? name;
}

export function titled(role: string): string {
  return role.charAt(0) + role.slice(1).toLowerCase();
}

/** What is sent. Without a typed secret the stored one stays. */
export function inputOf(draft: Draft, present: SsoConnection | null): object {
  return {
    ...(present === null ? { id: draft.id, kind: draft.kind } : {}),
    name: draft.name.trim(),
    settings: settingsOf(draft),
    ...(draft.kind === "OIDC" && draft.clientSecret !== "" ? { client_secret: draft.clientSecret } : {}),
    joins_new_people: draft.joins,
    default_role: draft.role,
    default_grants: draft.grants.map(({ workspace, role }) => ({ workspace_id: workspace, ...(isBuiltIn(role) ? { role } : { custom_role_id: role }) })),
    group_teams: draft.groups.filter((row) => row.group.trim() !== "" && row.team.trim() !== "").map((row) => ({ group: row.group.trim(), team: row.team.trim() })),
  };
}

/** What is still missing; null when it can be saved. */
export function gapOf(draft: Draft, isNew: boolean): string | null {
  if (draft.name.trim() === "") return "Give it a name.";
  return providerGap(draft, isNew) ?? (draft.groups.some((row) => (row.group.trim() === "") !== (row.team === "")) ? "A mapping names a group without a team, or a team without a group." : null);
}

function providerGap(draft: Draft, isNew: boolean): string | null {
  if (draft.kind === "OIDC") {
    if (!/^https?:\/\//.test(draft.issuer.trim())) return "The issuer is an address that begins with https://.";
    if (draft.clientId.trim() === "") return "The client id is missing.";
    return isNew && draft.clientSecret === "" ? "The client secret is missing." : null;
  }
  if (draft.way === "url") return draft.metadataUrl.trim() === "" ? "The address of the provider’s metadata is missing." : null;
  if (draft.way === "xml") return draft.metadataXml.trim() === "" ? "The provider’s metadata is missing." : null;
  if (draft.entityId.trim() === "" || draft.ssoUrl.trim() === "") return "The provider’s entity id and sign-in address are needed.";
  return splitCertificates(draft.certificates).length === 0 ? "At least one certificate is needed." : null;
}

/** What the provider has to be told of us. The same addresses that the server names once there is a connection. */
export function oursOf(kind: SsoKind, id: string, origin: string): readonly { readonly label: string; readonly value: string }[] {
  const base = `${origin}/sso/${id}`;
  return kind === "OIDC"
    ? [
        { label: "Redirect address", value: `${base}/callback` },
        { label: "Address after sign-out", value: `${origin}/login` },
        { label: "Back-channel logout address", value: `${base}/back-channel-logout` },
      ]
    : [
        { label: "ACS address", value: `${base}/acs` },
        { label: "Entity id", value: `${base}/metadata` },
        { label: "Sign-out address", value: `${base}/sls` },
      ];
}

export type Phase = "untested" | "tested" | "active";

export function phaseOf(connection: Pick<SsoConnection, "tested_at" | "activated_at">): Phase {
  if (connection.activated_at !== null) return "active";
  return connection.tested_at === null ? "untested" : "tested";
}

export function phaseWords(phase: Phase): string {
  return { untested: "Test it before it is activated", tested: "Tested, not active", active: "Active" }[phase];
}

export function domainState(domain: Pick<SsoDomain, "verified_at" | "missing_since">): "verified" | "missing" | "claimed" {
  if (domain.verified_at === null) return "claimed";
  return domain.missing_since === null ? "verified" : "missing";
}

/** Why signing in by the provider can't be asked of everybody yet; null when it can. */
export function requireDenial(policy: SsoPolicy): string | null {
  if (policy.active_connections === 0) return "There is no active connection. Test one and activate it first.";
  return policy.is_owner || policy.came_by_provider ? null : "Sign in by the provider once yourself; you would be shut out otherwise.";
}

const STEPS: Readonly<Record<SsoWould["step"], string>> = {
  SIGN_IN: "They are known by this subject and would be signed in.",
  LINK: "Somebody with this confirmed address is here already: they would be linked and signed in.",
  HAND_OVER: "A login with this address exists that nobody confirmed. It would be handed over: its password, factors and sessions end first.",
  CREATE: "They are new here: a login without a password would be made.",
};

export function wouldSentences(would: SsoWould): string[] {
  const list = (names: readonly string[]) => names.join(", ");
  return [
    STEPS[would.step],
    ...(would.joins ? [`They would join the account as ${(would.role ?? "member").toLowerCase()}${would.grants.length > 0 ? ` with ${would.grants.length} workspace ${would.grants.length === 1 ? "role" : "roles"}` : ""}.`] : ["They are a member already."]),
    ...(would.groups_came ? [] : ["The provider did not send the groups: teams stay as they are."]),
    ...(would.teams_joined.length > 0 ? [`Teams joined: ${list(would.teams_joined)}.`] : []),
    ...(would.teams_left.length > 0 ? [`Teams left: ${list(would.teams_left)}.`] : []),
    ...(would.teams_unknown.length > 0 ? [`Mapped, but there is no such team: ${list(would.teams_unknown)}.`] : []),
  ];
}

/** How the last test stands, in a sentence. */
export function testSentence(test: SsoTest): string {
  if (test.started_at === null) return "Never tested.";
  if (test.result === null) return "A test is on its way.";
  return test.result.ok ? "The last test let somebody in." : "The last test was refused.";
}

export function pageAnswer(connections: readonly SsoConnection[], domains: readonly SsoDomain[], required: boolean): string {
  const active = connections.filter((connection) => connection.activated_at !== null).length;
  if (domains.every((domain) => domain.verified_at === null)) return "Show first that your mail domain is yours.";
  if (connections.length === 0) return "Add the provider that your people sign in with.";
  if (active === 0) return "Nobody can sign in by a provider yet: test a connection and activate it.";
  return required ? "Everybody but owners has to come by the provider." : "People may come by the provider, or with a password.";
}
