import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { NAV_ITEMS } from "@/app/shell/nav-items";
import type { IconName } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { automationsQuery } from "@/features/automations/api/automations";
import { deploymentsQuery } from "@/features/deployments/api/queries";
import { findRunsQuery } from "@/features/runs/api/runs";
import { channelsQuery } from "@/features/settings/api/channels";
import { useNow } from "@/lib/now";
import { formatRelative } from "@/lib/time";
import { kindOf, wordOf, type StateKind } from "@/lib/run-state";
import { useWorkspace } from "@/lib/workspace";

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly hint: string;
  readonly icon: IconName;
  readonly state?: StateKind;
  readonly run: () => void;
}

const SETTLE_MS = 180;
const SHORTEST_SEARCH = 2;
const MOST_NAMED = 6;
const IMPORT = "Import a query log";

/** Pages and deployments match at once from what is cached; runs are searched on the server once typing rests. */
export function useCommands(text: string): readonly Command[] {
  const { slug: workspace, scopes } = useWorkspace();
  const navigate = useNavigate();
  const now = useNow();
  const needle = text.trim().toLowerCase();
  const [settled] = useDebouncedValue(needle, SETTLE_MS);
  const deployments = useQuery({ ...deploymentsQuery(workspace), enabled: needle !== "" });
  const automations = useQuery({ ...automationsQuery(workspace), enabled: needle !== "" && scopes.includes("automations:read") });
  const channels = useQuery({ ...channelsQuery(workspace), enabled: needle !== "" && scopes.includes("channels:read") });
  const runs = useQuery({ ...findRunsQuery(workspace, settled), enabled: settled.length >= SHORTEST_SEARCH });
  const matches = (title: string) => title.toLowerCase().includes(needle);

  const pages: Command[] = NAV_ITEMS.filter((item) => matches(item.label)).map((item) => ({
    id: `page-${item.key}`,
    title: item.label,
    hint: `g ${item.key}`,
    icon: item.icon,
    run: () => void navigate({ to: item.to, params: { workspace } }),
  }));
  if (needle === "") return pages;
  // Pages that others lead to have no place in the rail.
  const imports: Command[] = [IMPORT].filter(matches).map((title) => ({
    id: "page-query-log",
    title,
    hint: "From a file",
    icon: "arrowUp",
    run: () => void navigate({ to: paths.queryLog, params: { workspace } }),
  }));

  const found = (deployments.data?.items ?? []).filter((each) => matches(`${each.flow.name}/${each.name}`)).slice(0, 6);
  const open: Command[] = found.map((each) => ({
    id: `deployment-${each.id}`,
    title: `${each.flow.name} / ${each.name}`,
    hint: "Deployment",
    icon: "deployments",
    run: () => void navigate({ to: paths.deployment, params: { workspace, deploymentId: each.id } }),
  }));
  const rules: Command[] = (automations.data?.items ?? [])
    .filter((each) => matches(each.name))
    .slice(0, MOST_NAMED)
    .map((each) => ({
      id: `automation-${each.id}`,
      title: each.name,
      hint: each.paused ? "Automation, paused" : "Automation",
      icon: "automations",
      run: () => void navigate({ to: paths.automation, params: { workspace, automationId: each.id } }),
    }));
  const places: Command[] = (channels.data?.items ?? [])
    .filter((each) => matches(each.name))
    .slice(0, MOST_NAMED)
    .map((each) => ({
      id: `channel-${each.id}`,
      title: each.name,
      hint: "Channel",
      icon: "bell",
      run: () => void navigate({ to: paths.settings, params: { workspace }, search: { tab: "channels", channel: each.id } }),
    }));
  const start: Command[] = scopes.includes("runs:write")
    ? found.map((each) => ({
        id: `start-${each.id}`,
        title: `Run ${each.flow.name} / ${each.name} now`,
        hint: "Run now",
        icon: "play",
        run: () =>
          void navigate({ to: paths.deployment, params: { workspace, deploymentId: each.id }, search: { run: "now" } }),
      }))
    : [];
  const runRows: Command[] = (settled === needle ? (runs.data?.items ?? []) : []).map((each) => ({
    id: `run-${each.id}`,
    title: each.name,
    hint: `${each.flow.name} · ${wordOf(each.state)} · ${formatRelative(each.created_at, now)}`,
    icon: "runs",
    state: kindOf(each.state),
    run: () => void navigate({ to: paths.run, params: { workspace, runId: each.id } }),
  }));
  return [...pages, ...imports, ...open, ...rules, ...places, ...start, ...runRows];
}
