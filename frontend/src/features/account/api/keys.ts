/** Keys of the cache. What belongs to an account stands below it, so that one change can refresh all of it. */
export const accountKeys = {
  all: (account: string) => ["account", account] as const,
  detail: (account: string) => [...accountKeys.all(account), "detail"] as const,
  workspaces: (account: string) => [...accountKeys.all(account), "workspaces"] as const,
  members: (account: string) => [...accountKeys.all(account), "members"] as const,
  invitations: (account: string) => [...accountKeys.all(account), "invitations"] as const,
  teams: (account: string) => [...accountKeys.all(account), "teams"] as const,
  roles: (account: string) => [...accountKeys.all(account), "roles"] as const,
  serviceAccounts: (account: string) => [...accountKeys.all(account), "service-accounts"] as const,
  audit: (account: string) => [...accountKeys.all(account), "audit"] as const,
  security: (account: string) => [...accountKeys.all(account), "security"] as const,
  exports: (of: string) => ["exports", of] as const,
  access: (workspace: string) => ["access", workspace] as const,
};

export function accountUrl(account: string, path = ""): string {
  return `/api/v1/account/${encodeURIComponent(account)}${path}`;
}
