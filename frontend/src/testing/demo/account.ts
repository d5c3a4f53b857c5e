import type {
  AccountDetail,
  AccountMember,
  AccountScope,
  AccountWorkspace,
  Assignment,
  AuditEntry,
  AuditStream,
  DataExport,
  Invitation,
  MyAccount,
  Network,
  ObjectRule,
  RoleList,
  Scope,
  ServiceAccount,
  Team,
  WorkspaceGrant,
} from "@/schema/wire/account";

import { demoId, iso, makeRandom } from "./random";

const DAY = 86_400_000;

export const ACCOUNT_SCOPES: readonly AccountScope[] = [
  "account:read",
  "account:manage",
  "members:read",
  "members:manage",
  "teams:manage",
  "roles:manage",
  "service_accounts:manage",
  "workspaces:create",
  "sso:manage",
  "security:manage",
  "audit:read",
  "billing:read",
  "billing:manage",
];

export function makeAccounts(role: MyAccount["role"] = "OWNER", scopes: readonly AccountScope[] = ACCOUNT_SCOPES): readonly MyAccount[] {
  const base = { archived_at: null, delete_after: null, require_mfa: false, sso_required: false };
  return [
    { id: "acc1", name: "Acme", role, scopes, ...base },
    { id: "acc2", name: "Brandt Consulting", role: "OWNER", scopes: ACCOUNT_SCOPES, ...base },
  ];
}

const READ: readonly Scope[] = ["workspace:read", "members:read", "flows:read", "deployments:read", "runs:read", "pools:read", "telemetry:read", "automations:read", "channels:read", "usage:read"];
const WRITE: readonly Scope[] = ["keys:manage", "deployments:write", "runs:write", "runs:cancel", "runs:report", "pools:write", "leases:take", "telemetry:write", "automations:write", "channels:write"];
const OWN: readonly Scope[] = ["workspace:manage", "members:manage", "roles:manage", "audit:read"];

const WORDS = {
  "workspace:read": ["Workspace", "See its name and limits"],
  "workspace:manage": ["Workspace", "Rename, archive and delete it"],
  "members:read": ["People and access", "See who is in"],
  "members:manage": ["People and access", "Give and take roles"],
  "roles:manage": ["People and access", "Narrow who may use one object"],
  "keys:manage": ["People and access", "Make, rotate and revoke keys"],
  "audit:read": ["People and access", "Read who changed what"],
  "flows:read": ["Flows and runs", "See flows"],
  "deployments:read": ["Flows and runs", "See deployments and their parameters"],
  "deployments:write": ["Flows and runs", "Deploy, change, pause and delete"],
  "runs:read": ["Flows and runs", "See runs, logs and artifacts"],
  "runs:write": ["Flows and runs", "Start and retry runs"],
  "runs:cancel": ["Flows and runs", "Cancel runs"],
  "runs:report": ["Flows and runs", "Report what a run does"],
  "pools:read": ["Pools", "See pools and agents"],
  "pools:write": ["Pools", "Create, pause and delete pools"],
  "leases:take": ["Pools", "Take runs from a pool"],
  "telemetry:read": ["Telemetry", "See events and metrics"],
  "telemetry:write": ["Telemetry", "Send events and metrics"],
  "automations:read": ["Automations", "See automations and their firings"],
  "automations:write": ["Automations", "Create and change automations"],
  "channels:read": ["Automations", "See channels"],
  "channels:write": ["Automations", "Create and change channels"],
  "usage:read": ["Workspace", "See what was used"],
} as const satisfies Partial<Record<Scope, readonly [group: string, description: string]>>;

export function makeRoles(): RoleList {
  const builtIn = (key: "OWNER" | "DEVELOPER" | "RUNNER" | "VIEWER" | "AGENT", description: string, scopes: readonly Scope[], used: number): RoleList["items"][number] => ({
    id: null,
    key,
    name: key.charAt(0) + key.slice(1).toLowerCase(),
    description,
    built_in: true,
    based_on: null,
    scopes,
    adds: [],
    lacks: [],
    used_by: used,
  });
  return {
    items: [
      builtIn("OWNER", "Everything, people and the workspace itself included.", [...READ, ...WRITE, ...OWN], 2),
      builtIn("DEVELOPER", "Everything but people, roles and the workspace itself.", [...READ, ...WRITE], 41),
      builtIn("RUNNER", "Sees everything, starts, retries and cancels runs.", [...READ, "runs:write", "runs:cancel"], 12),
      builtIn("VIEWER", "Sees everything, changes nothing.", READ, 9_800),
      builtIn("AGENT", "Takes runs from pools and reports on them.", ["workspace:read", "leases:take", "runs:report", "runs:read", "deployments:read", "pools:read", "telemetry:write"], 3),
      {
        id: "role1",
        key: "role1",
        name: "On-call",
        description: "Brings the night back on its feet.",
        built_in: false,
        based_on: "RUNNER",
        scopes: [...READ, "runs:write" as const, "runs:cancel" as const, "pools:write" as const].filter((scope) => scope !== "usage:read"),
        adds: ["pools:write"],
        lacks: ["usage:read"],
        used_by: 2,
      },
    ],
    scopes: (Object.keys(WORDS) as (keyof typeof WORDS)[]).map((scope) => ({ scope, group: WORDS[scope][0], description: WORDS[scope][1] })),
  };
}

const FIRST = ["Ada", "Jonas", "Mira", "Liv", "Tomás", "Noor", "Kenji", "Amara", "Ines", "Pavel", "Sofia", "Elias", "Yara", "Bo", "Chloe", "Dara"];
const LAST = ["Brandt", "Weber", "Okafor", "Sato", "Novak", "Costa", "Lindqvist", "Haddad", "Fischer", "Moreau", "Kaya", "Silva", "Berg", "Rossi"];

export interface DemoAccount {
  readonly detail: Omit<AccountDetail, "counts" | keyof MyAccount>;
  readonly members: AccountMember[];
  readonly invitations: Invitation[];
  readonly teams: Team[];
  readonly teamMembers: Map<string, Set<string>>;
  roles: RoleList;
  readonly serviceAccounts: ServiceAccount[];
  readonly workspaces: AccountWorkspace[];
  readonly assignments: Assignment[];
  readonly rules: ObjectRule[];
  readonly audit: AuditEntry[];
  readonly exports: Map<string, DataExport[]>;
  networks: Network[];
  stream: AuditStream | null;
}

const MEMBERS = 10_000;

export function makeAccount(now: number): DemoAccount {
  const random = makeRandom(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const teams = [
    { id: "t1", name: "data-eng", description: "Builds and runs the loads" },
    { id: "t2", name: "analysts", description: "" },
    { id: "t3", name: "on-call", description: "Filled by the directory" },
  ];
  const acme: Omit<WorkspaceGrant, "role" | "role_name" | "assignment_id"> = { id: "w1", slug: "acme", name: "Acme data", custom_role_id: null };
  const teamMembers = new Map(teams.map((team) => [team.id, new Set<string>()]));
  const members = Array.from({ length: MEMBERS }, (_, index): AccountMember => {
    const id = index < 3 ? `m${index + 1}` : demoId(now - index * 60_000, index);
    const named = index !== 2 && random() > 0.1;
    const name = index === 0 ? "Ada Brandt" : index === 1 ? "Jonas Weber" : named ? `${pick(FIRST)} ${pick(LAST)}` : "";
    const email = index === 0 ? "ada@example.com" : index === 1 ? "jonas@example.com" : index === 2 ? "mira@example.com" : `${(name === "" ? "guest" : name).toLowerCase().replaceAll(" ", ".")}.${index}@example.com`;
    const own = index === 0 ? [] : teams.filter(() => random() < 0.15);
    for (const team of own) teamMembers.get(team.id)?.add(id);
    return {
      id,
      user: { id: `u${index + 1}`, name, email },
      account_role: index === 0 || index === 5 ? "OWNER" : index % 400 === 1 ? "ADMIN" : index % 900 === 2 ? "BILLING" : "MEMBER",
      workspaces: index === 0 ? [] : [{ ...acme, role: index === 1 ? "DEVELOPER" : "VIEWER", role_name: index === 1 ? "Developer" : "Viewer", assignment_id: index < 3 ? `ra${index + 1}` : `ra-${id}`, via: null }, ...own.slice(0, 1).map((team) => ({ ...acme, role: "RUNNER" as const, role_name: "Runner", assignment_id: null, via: { id: team.id, name: team.name } }))],
      teams: own.map(({ id: teamId, name: teamName }) => ({ id: teamId, name: teamName })),
      mfa: random() < 0.9,
      sso: random() < 0.3,
      source: index === 0 ? "SIGNUP" : pick(["INVITATION", "SSO", "SCIM"] as const),
      joined_at: iso(now - index * 3_600_000),
      last_seen_at: random() < 0.02 ? null : iso(now - Math.floor(random() * 120 * DAY)),
      deactivated_at: index > 3 && random() < 0.02 ? iso(now - Math.floor(random() * 30 * DAY)) : null,
    };
  });
  const invitation = (index: number, rest: Partial<Invitation>): Invitation => ({
    id: `inv${index}`,
    email: `new.${index}@example.com`,
    account_role: "MEMBER",
    grants: [{ workspace_id: "w1", workspace_name: "Acme data", role: "DEVELOPER", role_name: "Developer", custom_role_id: null }],
    teams: index % 2 === 0 ? [{ id: "t1", name: "data-eng" }] : [],
    state: "OPEN",
    invited_by: { id: "u1", name: "Ada Brandt" },
    created_at: iso(now - index * DAY),
    sent_at: iso(now - index * DAY),
    expires_at: iso(now + (7 - index) * DAY),
    accepted_at: null,
    revoked_at: null,
    ...rest,
  });
  const assignment = (id: string, kind: Assignment["kind"], subject_id: string, rest: Partial<Assignment>): Assignment => ({
    id,
    kind,
    subject_id,
    name: "",
    email: null,
    members: null,
    user: null,
    role: null,
    role_name: "",
    custom_role_id: null,
    created_at: iso(now - 20 * DAY),
    ...rest,
  });
  return {
    detail: { created_at: iso(now - 420 * DAY), seats: { used: MEMBERS + 3, limit: MEMBERS + 5 } },
    members,
    teamMembers,
    invitations: [
      invitation(1, {}),
      invitation(2, {}),
      invitation(3, { account_role: "ADMIN", grants: [] }),
      invitation(9, { state: "EXPIRED" }),
      invitation(12, { state: "ACCEPTED", accepted_at: iso(now - 11 * DAY) }),
      invitation(15, { state: "REVOKED", revoked_at: iso(now - 14 * DAY) }),
    ],
    teams: teams.map((team, index): Team => ({
      ...team,
      members: teamMembers.get(team.id)?.size ?? 0,
      external_id: team.id === "t3" ? "00g1f3a9" : "",
      provided: team.id === "t3",
      created_at: iso(now - (100 - index) * DAY),
      workspaces: team.id === "t2" ? [] : [{ ...acme, role: "RUNNER", role_name: "Runner", assignment_id: `rt-${team.id}` }],
    })),
    roles: makeRoles(),
    serviceAccounts: [
      { id: "s1", name: "ci-deploys", description: "Deploys from the main branch", created_by: { id: "u1", name: "Ada Brandt" }, created_at: iso(now - 90 * DAY), disabled_at: null, last_used_at: iso(now - 3_600_000), keys: 1, workspaces: [{ ...acme, role: "DEVELOPER", role_name: "Developer", assignment_id: "rs1" }] },
      { id: "s2", name: "agents-fra", description: "Agents of the data centre", created_by: null, created_at: iso(now - 200 * DAY), disabled_at: iso(now - 4 * DAY), last_used_at: iso(now - 5 * DAY), keys: 2, workspaces: [] },
    ],
    workspaces: [
      { id: "w1", slug: "acme", name: "Acme data", created_at: iso(now - 400 * DAY), archived_at: null, delete_after: null, role: "OWNER", role_name: "Owner", people: MEMBERS, keys: 2 },
      { id: "w2", slug: "fresh", name: "Fresh start", created_at: iso(now - 2 * DAY), archived_at: null, delete_after: null, role: "OWNER", role_name: "Owner", people: 1, keys: 0 },
      { id: "w3", slug: "finance", name: "Finance", created_at: iso(now - 90 * DAY), archived_at: null, delete_after: null, role: null, role_name: null, people: 14, keys: 5 },
      { id: "w4", slug: "trial-2024", name: "Trial 2024", created_at: iso(now - 380 * DAY), archived_at: iso(now - 3 * DAY), delete_after: iso(now + 11 * DAY), role: "OWNER", role_name: "Owner", people: 2, keys: 0 },
    ],
    assignments: [
      assignment("ra1", "member", "m1", { name: "Ada Brandt", email: "ada@example.com", user: { id: "u1", name: "Ada Brandt", email: "ada@example.com" }, role: "OWNER", role_name: "Owner", created_at: iso(now - 39 * DAY) }),
      assignment("ra2", "member", "m2", { name: "Jonas Weber", email: "jonas@example.com", user: { id: "u2", name: "Jonas Weber", email: "jonas@example.com" }, role: "DEVELOPER", role_name: "Developer", created_at: iso(now - 30 * DAY) }),
      assignment("ra3", "member", "m3", { name: "", email: "mira@example.com", user: { id: "u3", name: "", email: "mira@example.com" }, role: "VIEWER", role_name: "Viewer", created_at: iso(now - 3 * DAY) }),
      assignment("rt-t1", "team", "t1", { name: "data-eng", members: 12, role: "RUNNER", role_name: "Runner" }),
      assignment("rt-t3", "team", "t3", { name: "on-call", members: 4, role_name: "On-call", custom_role_id: "role1" }),
      assignment("rs1", "service_account", "s1", { name: "ci-deploys", role: "DEVELOPER", role_name: "Developer" }),
    ],
    rules: [],
    audit: makeAudit(now),
    exports: new Map(),
    networks: [],
    stream: null,
  };
}

const ACTIONS: readonly [action: string, kind: string, name: string, before: AuditEntry["before"], after: AuditEntry["after"]][] = [
  ["member.role_changed", "member", "Jonas Weber", { role: "VIEWER" }, { role: "DEVELOPER" }],
  ["key.created", "key", "ci deploys", null, { name: "ci deploys", scopes: ["deployments:write", "runs:write"], expires_at: "2027-02-18" }],
  ["automation.changed", "automation", "Flights are late", { enabled: true, trigger: { within_minutes: 30 } }, { enabled: true, trigger: { within_minutes: 45 } }],
  ["channel.created", "channel", "pager", null, { kind: "WEBHOOK", secret: "•••" }],
  ["user.sign_in_failed", "user", "mallory@example.org", null, null],
  ["invitation.revoked", "invitation", "new.15@example.com", { state: "OPEN" }, { state: "REVOKED" }],
  ["deployment.changed", "deployment", "enrich", { paused: false }, { paused: true }],
  ["role.changed", "role", "On-call", { scopes: ["runs:write"] }, { scopes: ["runs:write", "pools:write"] }],
];

function makeAudit(now: number): AuditEntry[] {
  return Array.from({ length: 640 }, (_, index): AuditEntry => {
    const [action, kind, name, before, after] = ACTIONS[index % ACTIONS.length] ?? ["account.renamed", "account", "Acme", null, null];
    const at = now - index * 3_700_000;
    const byKey = index % 5 === 1;
    return {
      id: demoId(at, index),
      occurred_at: iso(at),
      actor: action === "user.sign_in_failed" ? { kind: "nobody", id: null, name: "" } : byKey ? { kind: "api_key", id: "k2", name: "ci deploys" } : { kind: "user", id: "u1", name: "Ada Brandt" },
      on_behalf_of: byKey ? { id: "u1", name: "Ada Brandt" } : null,
      action,
      object: { kind, id: `${kind}-${index % 7}`, name },
      workspace: ["member", "user", "invitation", "role"].includes(kind) ? null : { id: "w1", slug: "acme", name: "Acme data" },
      before,
      after,
      address: index % 9 === 0 ? "2001:db8::17" : "203.0.113.7",
      user_agent: byKey ? "headway/0.4 python/3.12" : "Firefox on Linux",
      request_id: "req_01J9ZK4T8Q",
    };
  });
}
