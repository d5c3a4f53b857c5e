import { formatCount, plural } from "@/lib/units";
import type {
  AccountDetail,
  AccountMember,
  AccountRole,
  AuditEntry,
  BuiltInRole,
  InvitationState,
  MemberGrant,
  ObjectRule,
  Role,
  RoleList,
  SubjectKind,
  Team,
} from "@/schema/wire/account";

export const ACCOUNT_ROLE_WORDS: Readonly<Record<AccountRole, string>> = {
  OWNER: "Everything, in every workspace too; the account itself",
  ADMIN: "People, access, sign-on and the log; sees data only where given a role",
  BILLING: "The plan, invoices and usage",
  MEMBER: "What workspaces and teams give them",
};

export function titled(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase().replaceAll("_", " ");
}

/** Roles that a person or team may have in a workspace; agents are keys. */
export const GRANTABLE: readonly BuiltInRole[] = ["OWNER", "DEVELOPER", "RUNNER", "VIEWER"];

/** What a role is called in forms: the built-in's name, or the id of the account's own. */
export function roleKey(grant: { readonly role: BuiltInRole | null; readonly custom_role_id: string | null }): string {
  return grant.custom_role_id ?? grant.role ?? "";
}

export function roleChoice(key: string): { readonly role: BuiltInRole } | { readonly custom_role_id: string } {
  const builtIn = ([...GRANTABLE, "AGENT"] as const).find((each) => each === key);
  return builtIn === undefined ? { custom_role_id: key } : { role: builtIn };
}

export function roleOptions(roles: RoleList | undefined): { group: string; items: { value: string; label: string }[] }[] {
  const option = (role: Role) => ({ value: role.key, label: role.name });
  const known = roles?.items ?? [];
  const builtIn = GRANTABLE.map((key) => known.find((role) => role.key === key)).flatMap((role) => (role === undefined ? [] : [option(role)]));
  const own = known.filter((role) => !role.built_in).map(option);
  return [
    { group: "Built in", items: builtIn.length > 0 ? builtIn : GRANTABLE.map((key) => ({ value: key, label: titled(key) })) },
    ...(own.length > 0 ? [{ group: "Of this account", items: own }] : []),
  ];
}

export const SUBJECT_WORDS: Readonly<Record<SubjectKind, string>> = { member: "Member", team: "Team", service_account: "Service account" };

/** A team to choose; to put people into, one of the identity provider can't be. */
export function teamOption({ id, name, provided }: Pick<Team, "id" | "name" | "provided">, toJoin = true): { value: string; label: string; disabled: boolean } {
  const closed = toJoin && provided;
  return { value: id, label: closed ? `${name} · kept by the identity provider` : name, disabled: closed };
}

/** To whom a rule leaves its object: the team data-eng and owners. */
export function ruleWords({ kind, name }: Pick<ObjectRule, "kind" | "name">): string {
  return kind === "owners" ? "owners" : `${SUBJECT_WORDS[kind].toLowerCase()} ${name} and owners`;
}

export const INVITATION_WORDS: Readonly<Record<InvitationState, { readonly word: string; readonly tone: "open" | "good" | "off" }>> = {
  OPEN: { word: "Waiting", tone: "open" },
  EXPIRED: { word: "Expired", tone: "off" },
  ACCEPTED: { word: "Accepted", tone: "good" },
  REVOKED: { word: "Revoked", tone: "off" },
};

/** How a person is called: by name, else by address. */
export function personName({ name, email }: { readonly name: string; readonly email: string }): string {
  return name === "" ? email : name;
}

/** "3 seats left of 10", or what stands in for it; null where nothing limits. */
export function seatsSentence({ seats }: Pick<AccountDetail, "seats">, wanted = 0): { readonly text: string; readonly short: boolean } | null {
  if (seats.limit === null) return null;
  const left = Math.max(0, seats.limit - seats.used);
  if (wanted > left) {
    return { text: left === 0 ? `All ${plural(seats.limit, "seat")} of the plan are taken.` : `The plan has ${plural(left, "seat")} left; ${wanted} are asked for.`, short: true };
  }
  return { text: `${plural(left, "seat")} left of ${formatCount(seats.limit)}.`, short: false };
}

const ADDRESS = /^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>"]+$/;

/** Addresses out of what was pasted: lines, commas, semicolons, `Name <address>`; doubles once. */
export function parseAddresses(text: string): { readonly good: readonly string[]; readonly bad: readonly string[] } {
  const good: string[] = [];
  const bad: string[] = [];
  for (const part of text.split(/[\n,;]+|\s+(?=[^\s<>]+@)/)) {
    const bare = (/<([^<>]+)>/.exec(part)?.[1] ?? part).trim();
    if (bare === "") continue;
    const list = ADDRESS.test(bare) ? good : bad;
    if (!list.some((each) => each.toLowerCase() === bare.toLowerCase())) list.push(bare);
  }
  return { good, bad };
}

/** Workspaces with what the person has there: one line each, the person's own role first. */
export function grantsByWorkspace(grants: readonly MemberGrant[]): (readonly MemberGrant[])[] {
  const byId = new Map<string, MemberGrant[]>();
  for (const grant of grants) {
    const known = byId.get(grant.id);
    if (known === undefined) byId.set(grant.id, [grant]);
    else known.push(grant);
  }
  return [...byId.values()].map((own) => [...own].sort((a, b) => Number(a.via !== null) - Number(b.via !== null)));
}

/** What goes when somebody is removed from the account. */
export function losses(member: Pick<AccountMember, "workspaces" | "teams">, keys: number): string[] {
  const places = new Set(member.workspaces.map((each) => each.id)).size;
  return [
    ...(places > 0 ? [`their roles in ${plural(places, "workspace")}`] : []),
    ...(member.teams.length > 0 ? [`their place in ${plural(member.teams.length, "team")}: ${member.teams.map((team) => team.name).join(", ")}`] : []),
    ...(keys > 0 ? [`${plural(keys, "personal key")}, which ${keys === 1 ? "stops" : "stop"} working at once`] : []),
  ];
}

/** Scopes grouped by what they are about, in the order of the server. */
export function scopeGroups(roles: RoleList): { readonly group: string; readonly scopes: RoleList["scopes"] }[] {
  const groups = new Map<string, RoleList["scopes"][number][]>();
  for (const scope of roles.scopes) {
    const known = groups.get(scope.group);
    if (known === undefined) groups.set(scope.group, [scope]);
    else known.push(scope);
  }
  return [...groups].map(([group, scopes]) => ({ group, scopes }));
}

/** What chosen scopes add to those of a base, and what of it they lack. */
export function scopeDiff(chosen: ReadonlySet<string>, base: readonly string[]): { readonly adds: string[]; readonly lacks: string[] } {
  return { adds: [...chosen].filter((scope) => !base.includes(scope)), lacks: base.filter((scope) => !chosen.has(scope)) };
}

export interface Change {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What differs between before and after, by the paths of the values. */
export function changesOf(before: AuditEntry["before"], after: AuditEntry["after"]): Change[] {
  const changes: Change[] = [];
  const walk = (path: string, was: unknown, is: unknown) => {
    if (isRecord(was) && isRecord(is)) {
      for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) walk(path === "" ? key : `${path}.${key}`, was[key], is[key]);
    } else if (JSON.stringify(was) !== JSON.stringify(is)) changes.push({ path, before: was, after: is });
  };
  walk("", before ?? {}, after ?? {});
  return changes;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function valueText(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "none";
  return typeof value === "string" ? (value === "" ? "empty" : value) : JSON.stringify(value);
}

/** "member.role_changed" → "role changed"; the noun stands in the object beside it. */
export function actionWords(action: string): string {
  return action.replaceAll("_", " ").replaceAll(".", " · ");
}

/** Whether an address lies in a network, both IPv4 or IPv6 as text; null when the network is not one. */
export function contains(cidr: string, address: string): boolean | null {
  const [base = "", bitsText] = cidr.trim().split("/");
  const network = addressBits(base);
  if (network === null) return null;
  const bits = bitsText === undefined ? network.length : Number(bitsText);
  if (!/^\d{1,3}$/.test(bitsText ?? String(bits)) || bits > network.length) return null;
  const own = addressBits(address);
  return own !== null && own.length === network.length && own.slice(0, bits) === network.slice(0, bits);
}

/** The bits of an address as a text of 32 or 128 digits. */
function addressBits(address: string): string | null {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    const parts = address.split(".").map(Number);
    return parts.some((part) => part > 255) ? null : parts.map((part) => part.toString(2).padStart(8, "0")).join("");
  }
  if (!/^[\da-f:]+$/i.test(address) || !address.includes(":")) return null;
  const halves = address.split("::");
  if (halves.length > 2) return null;
  const words = halves.map((half) => (half === "" ? [] : half.split(":")));
  const [head = [], tail = []] = words;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const all = [...head, ...Array.from({ length: halves.length === 2 ? missing : 0 }, () => "0"), ...tail];
  return all.every((word) => /^[\da-f]{1,4}$/i.test(word)) ? all.map((word) => parseInt(word, 16).toString(2).padStart(16, "0")).join("") : null;
}

export const ACTOR_WORDS: Readonly<Record<string, string>> = {
  user: "a person",
  api_key: "API key",
  run: "a run",
  scim: "the directory",
  system: "Headway",
  nobody: "nobody known",
};
