import { queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import { resolveRange } from "@/lib/time";
import type { Channel } from "@/schema/wire/channels";
import type { Deployment, DeploymentRow } from "@/schema/wire/deployments";
import type { EventHistogram, MetricInfo } from "@/schema/wire/telemetry";

/** What the editor offers to choose from. */
const MOST = 500;

export function channelChoices(workspace: string) {
  return queryOptions({
    queryKey: ["automation-choices", workspace, "channels"] as const,
    queryFn: ({ signal }) => request<Page<Channel>>(workspaceUrl(workspace, "/channels"), { signal, query: { limit: MOST } }),
  });
}

export function deploymentChoices(workspace: string) {
  return queryOptions({
    queryKey: ["automation-choices", workspace, "deployments"] as const,
    queryFn: ({ signal }) => request<Page<DeploymentRow>>(workspaceUrl(workspace, "/deployments"), { signal, query: { limit: MOST } }),
  });
}

/** What a run of it takes. */
export function chosenDeployment(workspace: string, id: string) {
  return queryOptions({
    queryKey: ["automation-choices", workspace, "deployments", id] as const,
    queryFn: ({ signal }) => request<Deployment>(workspaceUrl(workspace, `/deployments/${id}`), { signal }),
    staleTime: 60_000,
  });
}

/** What is measured, with its labels and some of their values. */
export function metricChoices(workspace: string) {
  return queryOptions({
    queryKey: ["automation-choices", workspace, "metrics"] as const,
    queryFn: ({ signal }) => request<Page<MetricInfo>>(workspaceUrl(workspace, "/metrics"), { signal }),
    staleTime: 60_000,
  });
}

/** The names of events of the last week. */
export function eventNames(workspace: string) {
  return queryOptions({
    queryKey: ["automation-choices", workspace, "names"] as const,
    queryFn: ({ signal }) =>
      request<EventHistogram>(workspaceUrl(workspace, "/events/histogram"), { signal, query: { ...resolveRange({ range: "7d" }, Date.now()) } }),
    select: (histogram) => histogram.names.map((each) => each.name),
    staleTime: 60_000,
  });
}
