import { queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Ref } from "@/schema/wire/runs";

interface DeploymentRef extends Ref {
  readonly flow: Ref;
}

const MOST = 500;

function choices<T extends Ref>(workspace: string, what: "flows" | "deployments" | "pools") {
  return queryOptions({
    queryKey: ["run-facets", workspace, what],
    queryFn: ({ signal }) => request<Page<T>>(workspaceUrl(workspace, `/${what}`), { signal, query: { limit: MOST } }),
    staleTime: 60_000,
  });
}

export const flowChoices = (workspace: string) => choices<Ref>(workspace, "flows");
export const deploymentChoices = (workspace: string) => choices<DeploymentRef>(workspace, "deployments");
export const poolChoices = (workspace: string) => choices<Ref>(workspace, "pools");
