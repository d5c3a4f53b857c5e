import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { ACCOUNT_ITEMS } from "@/app/shell/account-items";
import type { Command } from "@/app/shell/use-commands";
import { paths } from "@/config/paths";
import { findMembersQuery } from "@/features/account/api/members";
import { personName } from "@/features/account/model";
import { meQuery } from "@/features/session/api/me";
import { useAccount } from "@/lib/account";

const SETTLE_MS = 180;
const SHORTEST_SEARCH = 2;
const MOST_NAMED = 6;

/** Pages, accounts and workspaces match at once; members are searched on the server once typing rests. */
export function useAccountCommands(text: string): readonly Command[] {
  const account = useAccount();
  const navigate = useNavigate();
  const { data: me } = useQuery(meQuery);
  const needle = text.trim().toLowerCase();
  const [settled] = useDebouncedValue(needle, SETTLE_MS);
  const members = useQuery({
    ...findMembersQuery(account.id, settled),
    enabled: settled.length >= SHORTEST_SEARCH && account.scopes.includes("members:read"),
  });
  const matches = (words: string) => words.toLowerCase().includes(needle);

  const pages: Command[] = ACCOUNT_ITEMS.filter((item) => matches(`${item.label} ${item.words ?? ""}`)).map((item) => ({
    id: `page-${item.key}`,
    title: item.label,
    hint: `g ${item.key}`,
    icon: item.icon,
    run: () => void navigate({ to: item.to, params: { account: account.id } }),
  }));
  const workspaces: Command[] = (me?.workspaces ?? [])
    .filter((each) => matches(each.name))
    .map((each) => ({
      id: `workspace-${each.id}`,
      title: each.name,
      hint: "Workspace",
      icon: "home",
      run: () => void navigate({ to: paths.home, params: { workspace: each.slug } }),
    }));
  const accounts: Command[] = (me?.accounts ?? [])
    .filter((each) => each.id !== account.id && matches(each.name))
    .map((each) => ({
      id: `account-${each.id}`,
      title: each.name,
      hint: "Account",
      icon: "building",
      run: () => void navigate({ to: paths.members, params: { account: each.id } }),
    }));
  const people: Command[] = (needle !== "" && settled === needle ? (members.data?.items ?? []) : []).slice(0, MOST_NAMED).map((each) => ({
    id: `member-${each.id}`,
    title: personName(each.user),
    hint: `Member · ${each.user.email}`,
    icon: "user",
    run: () => void navigate({ to: paths.members, params: { account: account.id }, search: { member: each.id } }),
  }));
  return [...pages, ...people, ...workspaces, ...accounts];
}
