import { Tooltip } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { HelpDialog } from "@/app/shell/help-dialog";
import { ME_ITEMS } from "@/app/shell/me-items";
import { useShellKeys } from "@/app/shell/use-shell-keys";
import { UserMenu } from "@/app/shell/user-menu";
import { PagePending } from "@/app/page-pending";
import { Icon } from "@/components/ui/icon";
import { Logo } from "@/components/layout/logo";
import { paths } from "@/config/paths";
import { meQuery } from "@/features/session/api/me";
import { homeWorkspace } from "@/features/session/last-workspace";

import bar from "./bottom-bar.module.css";
import rail from "./rail.module.css";
import styles from "./shell.module.css";

/** The frame of a person's own pages. */
export function MeShell() {
  const { data: me } = useQuery(meQuery);
  const [collapsed, setCollapsed] = useLocalStorage({ key: "headway-rail", defaultValue: false });
  const navigate = useNavigate();
  const { help } = useShellKeys(ME_ITEMS, (page) => void navigate({ to: page.to }));
  if (me === undefined) return <PagePending />;
  const last = homeWorkspace(me);
  const [account] = me.accounts;
  const name = last?.name ?? account?.name;
  const back = name === undefined ? null : `Back to ${name}`;
  // Who is in no workspace comes from an account.
  const link = (className: string | undefined, children: ReactNode) =>
    last !== undefined ? (
      <Link to={paths.home} params={{ workspace: last.slug }} className={className ?? ""} aria-label={back ?? ""}>
        {children}
      </Link>
    ) : (
      <Link to={paths.account} params={{ account: account?.id ?? "" }} className={className ?? ""} aria-label={back ?? ""}>
        {children}
      </Link>
    );
  return (
    <>
      <a href="#main" className={styles["skip"]}>
        Skip to the page
      </a>
      <div className={styles["frame"]} data-collapsed={collapsed}>
        <aside className={rail["rail"]} data-collapsed={collapsed}>
          <div style={{ padding: "6px 8px" }}>
            <Logo compact={collapsed} />
          </div>
          {back !== null && (
            <Tooltip label={back} position="right" disabled={!collapsed}>
              {link(
                rail["item"],
                <>
                  <Icon name="chevronLeft" size={15} />
                  <span className={rail["label"]}>{back}</span>
                </>,
              )}
            </Tooltip>
          )}
          <nav aria-label="Your pages" className={rail["nav"]}>
            {ME_ITEMS.map((item) => (
              <Tooltip key={item.to} label={item.label} position="right" disabled={!collapsed}>
                <Link to={item.to} className={rail["item"]} activeOptions={{ includeSearch: false }} activeProps={{ "aria-current": "page" }} aria-label={item.label}>
                  <Icon name={item.icon} size={17} />
                  <span className={rail["label"]}>{item.label}</span>
                </Link>
              </Tooltip>
            ))}
          </nav>
          <div className={rail["foot"]}>
            <button type="button" className={rail["item"]} onClick={help.open} aria-label="Keyboard and help">
              <Icon name="help" size={17} />
              <span className={rail["label"]}>Keyboard and help</span>
            </button>
            <button type="button" className={rail["item"]} onClick={() => setCollapsed(!collapsed)} aria-label={collapsed ? "Expand the rail" : "Collapse the rail"} aria-expanded={!collapsed}>
              <Icon name="collapse" size={17} />
              <span className={rail["label"]}>Collapse</span>
            </button>
            <UserMenu me={me} />
          </div>
        </aside>
        <main id="main" className={styles["main"]} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <nav className={bar["bar"]} aria-label="Your pages, short">
        {ME_ITEMS.map((item) => (
          <Link key={item.to} to={item.to} className={bar["item"]} activeOptions={{ includeSearch: false }} activeProps={{ "aria-current": "page" }}>
            <Icon name={item.icon} size={20} />
            {item.label}
          </Link>
        ))}
        {back !== null &&
          link(
            bar["item"],
            <>
              <Icon name="home" size={20} />
              Back
            </>,
          )}
      </nav>
      <HelpDialog pages={ME_ITEMS} opened={help.opened} onClose={help.close} />
    </>
  );
}
