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
  /** Under which heading of the rail; the home stands above them. */
  readonly group?: NavGroup;
}

export type NavGroup = "Orchestrate" | "Observe" | "Operate";

export const NAV_ITEMS: readonly NavItem[] = [
  { to: paths.home, label: "Home", icon: "home", key: "h" },
  { to: paths.runs, label: "Runs", icon: "runs", key: "r", group: "Orchestrate" },
  { to: paths.approvals, label: "Approvals", icon: "approvals", key: "i", group: "Orchestrate" },
  { to: paths.deployments, label: "Deployments", icon: "deployments", key: "d", group: "Orchestrate" },
  { to: paths.calendar, label: "Calendar", icon: "calendar", key: "l", group: "Orchestrate" },
  { to: paths.backfills, label: "Backfills", icon: "history", key: "b", group: "Orchestrate" },
  { to: paths.events, label: "Events", icon: "events", key: "e", group: "Observe" },
  { to: paths.logs, label: "Logs", icon: "logs", key: "o", group: "Observe" },
  { to: paths.metrics, label: "Metrics", icon: "metrics", key: "m", group: "Observe" },
  { to: paths.dashboards, label: "Dashboards", icon: "dashboards", key: "v", group: "Observe" },
  { to: paths.world, label: "World", icon: "world", key: "w", group: "Observe" },
  { to: paths.refused, label: "Refused", icon: "alert", key: "f", group: "Observe" },
  { to: paths.automations, label: "Automations", icon: "automations", key: "a", group: "Observe" },
  { to: paths.pools, label: "Pools and agents", icon: "pools", key: "p", group: "Operate" },
  { to: paths.limits, label: "Concurrency", icon: "layers", key: "c", group: "Operate" },
  { to: paths.costs, label: "Costs", icon: "coin", key: "t", group: "Operate" },
  { to: paths.usage, label: "Usage and plan", icon: "usage", key: "u", group: "Operate" },
  { to: paths.settings, label: "Settings", icon: "settings", key: "s", group: "Operate" },
];

/** The bottom bar of a phone has room for five; the rest is in the palette and behind "More". */
export const PHONE_ITEMS = 4;

/** The rail from above: what stands next to each other under one heading. */
export const NAV_GROUPS: readonly { readonly heading: NavGroup | undefined; readonly items: readonly NavItem[] }[] = [undefined, "Orchestrate" as const, "Observe" as const, "Operate" as const].map((heading) => ({
  heading,
  items: NAV_ITEMS.filter(({ group }) => group === heading),
}));
