import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useNavigate } from "@tanstack/react-router";

import { ACCOUNT_ITEMS } from "@/app/shell/account-items";
import { AccountBar, AccountRail } from "@/app/shell/account-rail";
import { CommandPalette } from "@/app/shell/command-palette";
import { HelpDialog } from "@/app/shell/help-dialog";
import { useAccountCommands } from "@/app/shell/use-account-commands";
import { useShellKeys } from "@/app/shell/use-shell-keys";
import { NotFoundPage } from "@/app/routes/not-found";
import { PagePending } from "@/app/page-pending";
import { paths } from "@/config/paths";
import { AccountNotice } from "@/features/account/general/account-notice";
import { meQuery } from "@/features/session/api/me";
import { AccountContext } from "@/lib/account";

import styles from "./shell.module.css";

const route = getRouteApi(paths.account);

/** The frame of every page of an account: its own rail or bar, with a way back to the work. */
export function AccountShell() {
  const { account: id } = route.useParams();
  const { data: me } = useQuery(meQuery);
  const [collapsed, setCollapsed] = useLocalStorage({ key: "headway-rail", defaultValue: false });
  const navigate = useNavigate();
  const { palette, help } = useShellKeys(ACCOUNT_ITEMS, (page) => void navigate({ to: page.to, params: { account: id } }));

  if (me === undefined) return <PagePending />;
  const account = me.accounts.find((each) => each.id === id);
  if (account === undefined) return <NotFoundPage />;
  return (
    <AccountContext value={account}>
      <a href="#main" className={styles["skip"]}>
        Skip to the page
      </a>
      <div className={styles["frame"]} data-collapsed={collapsed}>
        <AccountRail
          me={me}
          account={account}
          collapsed={collapsed}
          onToggle={() => setCollapsed(!collapsed)}
          onSearch={palette.open}
          onHelp={help.open}
        />
        <main id="main" className={styles["main"]} tabIndex={-1}>
          <AccountNotice />
          <Outlet />
        </main>
      </div>
      <AccountBar account={account} onMore={palette.open} />
      <CommandPalette
        opened={palette.opened}
        hint="Go to a page, find a member, change account or workspace"
        commandsFor={useAccountCommands}
        onClose={palette.close}
      />
      <HelpDialog pages={ACCOUNT_ITEMS} opened={help.opened} onClose={help.close} />
    </AccountContext>
  );
}
