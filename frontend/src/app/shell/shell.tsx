import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { useLocalStorage } from "@mantine/hooks";

import { ArchivedNotice } from "@/app/shell/archived-notice";
import { BottomBar } from "@/app/shell/bottom-bar";
import { CommandPalette } from "@/app/shell/command-palette";
import { HelpDialog } from "@/app/shell/help-dialog";
import { NAV_ITEMS } from "@/app/shell/nav-items";
import { Rail } from "@/app/shell/rail";
import { useCommands } from "@/app/shell/use-commands";
import { useShellKeys } from "@/app/shell/use-shell-keys";
import { PagePending } from "@/app/page-pending";
import { paths } from "@/config/paths";
import { UsageBanner } from "@/features/billing/components/usage-banner";
import { meQuery } from "@/features/session/api/me";
import { WorkspaceContext } from "@/lib/workspace";

import styles from "./shell.module.css";

const route = getRouteApi(paths.home);

// Hardly anybody ever sees it: no part of the first page.
const ClosedWorkspacePage = lazy(() => import("@/app/routes/closed-workspace").then((page) => ({ default: page.ClosedWorkspacePage })));

/** The frame of every page of a workspace: rail or bottom bar, palette, keys. */
export function Shell() {
  const { workspace: slug } = route.useParams();
  const { data: me } = useQuery(meQuery);
  const [collapsed, setCollapsed] = useLocalStorage({ key: "headway-rail", defaultValue: false });
  const navigate = useNavigate();
  const { palette, help } = useShellKeys(NAV_ITEMS, (page) => void navigate({ to: page.to, params: { workspace: slug } }));

  const value = useMemo(() => {
    const found = me?.workspaces.find((workspace) => workspace.slug === slug);
    if (me === undefined || found === undefined) return null;
    return { ...found, liveUrl: me.live_url };
  }, [me, slug]);

  if (me === undefined) return <PagePending />;
  if (value === null) {
    return (
      <Suspense fallback={<PagePending />}>
        <ClosedWorkspacePage me={me} />
      </Suspense>
    );
  }
  return (
    <WorkspaceContext value={value}>
      <a href="#main" className={styles["skip"]}>
        Skip to the page
      </a>
      <div className={styles["frame"]} data-collapsed={collapsed}>
        <Rail
          me={me}
          collapsed={collapsed}
          onToggle={() => setCollapsed(!collapsed)}
          onSearch={palette.open}
          onHelp={help.open}
        />
        <main id="main" className={styles["main"]} tabIndex={-1}>
          <ArchivedNotice />
          <UsageBanner />
          <Outlet />
        </main>
      </div>
      <BottomBar onMore={palette.open} />
      <CommandPalette
        opened={palette.opened}
        hint="Go to a page, find a run, run a deployment"
        commandsFor={useCommands}
        onClose={palette.close}
      />
      <HelpDialog pages={NAV_ITEMS} opened={help.opened} onClose={help.close} />
    </WorkspaceContext>
  );
}
