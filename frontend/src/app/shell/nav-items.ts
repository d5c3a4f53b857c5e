import type { IconName } from "@/components/ui/icon";
import { paths } from "@/config/paths";

export interface NavItem {
  readonly to:
    | typeof paths.home
    | typeof paths.runs
    | typeof paths.approvals
    | typeof paths.deployments
    | typeof paths.calendar
    | typeof paths.backfills
    | typeof paths.events
    | typeof paths.logs
    | typeof paths.refused
    | typeof paths.metrics
    | typeof paths.dashboards
    | typeof paths.world
    | typeof paths.automations
    | typeof paths.pools
    | typeof paths.limits
    | typeof paths.costs
    | typeof paths.usage
    | typeof paths.settings;
  readonly label: string;
  readonly icon: IconName;
  /** Typed after `g`, as in "g r". */
  readonly key: string;
}

export const NAV_ITEMS: readonly NavItem[] = [
  { to: paths.home, label: "Home", icon: "home", key: "h" },
  { to: paths.runs, label: "Runs", icon: "runs", key: "r" },
  { to: paths.approvals, label: "Approvals", icon: "approvals", key: "i" },
  { to: paths.deployments, label: "Deployments", icon: "deployments", key: "d" },
  { to: paths.calendar, label: "Calendar", icon: "calendar", key: "l" },
  { to: paths.backfills, label: "Backfills", icon: "history", key: "b" },
  { to: paths.events, label: "Events", icon: "events", key: "e" },
  { to: paths.logs, label: "Logs", icon: "logs", key: "o" },
  { to: paths.metrics, label: "Metrics", icon: "metrics", key: "m" },
  { to: paths.dashboards, label: "Dashboards", icon: "dashboards", key: "v" },
  { to: paths.world, label: "World", icon: "world", key: "w" },
  { to: paths.automations, label: "Automations", icon: "automations", key: "a" },
  { to: paths.pools, label: "Pools and agents", icon: "pools", key: "p" },
  { to: paths.limits, label: "Concurrency", icon: "layers", key: "c" },
  { to: paths.costs, label: "Costs", icon: "coin", key: "t" },
  { to: paths.usage, label: "Usage and plan", icon: "usage", key: "u" },
  { to: paths.refused, label: "Refused", icon: "alert", key: "f" },
  { to: paths.settings, label: "Settings", icon: "settings", key: "s" },
];

/** The bottom bar of a phone has room for five; the rest is in the palette and behind "More". */
export const PHONE_ITEMS = 4;
