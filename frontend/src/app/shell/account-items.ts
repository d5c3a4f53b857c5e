import type { IconName } from "@/components/ui/icon";
import { paths } from "@/config/paths";

export interface AccountItem {
  readonly to:
    | typeof paths.accountGeneral
    | typeof paths.accountWorkspaces
    | typeof paths.members
    | typeof paths.invitations
    | typeof paths.teams
    | typeof paths.roles
    | typeof paths.serviceAccounts
    | typeof paths.audit
    | typeof paths.security
    | typeof paths.accountSso
    | typeof paths.accountPlan;
  readonly label: string;
  readonly icon: IconName;
  /** The ends of other addresses that belong to it. */
  readonly also?: string;
  /** Typed after `g`. */
  readonly key: string;
  /** What else it is looked for by. */
  readonly words?: string;
}

export const ACCOUNT_ITEMS: readonly AccountItem[] = [
  { to: paths.members, label: "Members", icon: "users", key: "m", words: "people users seats" },
  { to: paths.invitations, label: "Invitations", icon: "mail", key: "i", words: "invite people" },
  { to: paths.teams, label: "Teams", icon: "layers", key: "t", words: "groups" },
  { to: paths.roles, label: "Roles", icon: "id", key: "r", words: "permissions scopes custom" },
  { to: paths.serviceAccounts, label: "Service accounts", icon: "robot", key: "c", words: "machines keys bots" },
  { to: paths.security, label: "Security", icon: "shield", key: "y", words: "mfa two-factor allow-list networks addresses stale keys" },
  { to: paths.accountSso, label: "Single sign-on", icon: "key", key: "o", words: "sso saml oidc openid okta entra domains login provider" },
  { to: paths.audit, label: "Audit log", icon: "history", key: "l", words: "changes history who did" },
  { to: paths.accountWorkspaces, label: "Workspaces", icon: "home", key: "w", words: "archive create" },
  { to: paths.accountPlan, label: "Usage and plan", icon: "usage", key: "p", also: "/usage", words: "billing cost invoices money" },
  { to: paths.accountGeneral, label: "General", icon: "settings", key: "g", words: "rename transfer delete export archive" },
];
