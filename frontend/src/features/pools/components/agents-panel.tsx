import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { TagList } from "@/components/ui/tag-list";
import { agentsQuery, drainAgent, poolKeys } from "@/features/pools/api/pools";
import { agentWord, isGone, labelTexts } from "@/features/pools/model";
import { asApiError } from "@/lib/errors";
import { useMay } from "@/lib/may";
import { useNow } from "@/lib/now";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Agent, Pool } from "@/schema/wire/pools";

import styles from "./pools.module.css";

const DRAWN_SLOTS = 16;

export function AgentsPanel({ pool }: { readonly pool: Pool }) {
  const { slug } = useWorkspace();
  const agents = useQuery(agentsQuery(slug, pool.id));
  const [all, setAll] = useState(false);
  const now = useNow();
  const rows = [...(agents.data?.items ?? [])].sort((a, b) => Number(b.online) - Number(a.online) || a.name.localeCompare(b.name));
  const gone = rows.filter((agent) => isGone(agent, now));
  const shown = all || gone.length === rows.length ? rows : rows.filter((agent) => !gone.includes(agent));
  return (
    <Panel title={`Agents of ${pool.name}`} flush>
      {agents.isPending && <SkeletonRows rows={3} label="agents" />}
      {agents.isError && <ErrorState error={agents.error} what="agents" onRetry={() => void agents.refetch()} />}
      {agents.isSuccess && rows.length === 0 && (
        <EmptyState icon="pools" title="No agent has come yet" code={`headway login --url ${window.location.origin} --workspace ${slug}\nheadway agent start --pool ${pool.name}${pool.kind === "DOCKER" ? " --runner docker" : ""}`}>
          An agent takes runs from this pool and executes them where it was started. It needs outbound HTTPS and nothing else.
        </EmptyState>
      )}
      {rows.length > 0 && (
        <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={`Agents of ${pool.name}`}>
          <table className={`${styles["table"]} ${styles["asCards"]}`}>
            <thead>
              <tr>
                <th>Agent</th>
                <th>Heartbeat</th>
                <th>Slots</th>
                <th>Host</th>
                <th>Labels</th>
                <th>Version</th>
                <th>
                  <span className="visually-hidden">Drain</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((agent) => (
                <AgentRow key={agent.id} pool={pool} agent={agent} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {gone.length > 0 && gone.length < rows.length && (
        <button type="button" className={styles["more"]} aria-expanded={all} onClick={() => setAll(!all)}>
          <Icon name={all ? "chevronDown" : "chevronRight"} size={13} />
          {plural(gone.length, "agent")} not seen for a day
        </button>
      )}
    </Panel>
  );
}

function AgentRow({ pool, agent }: { readonly pool: Pool; readonly agent: Agent }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useMay(pool.may, "pools:write");
  const drain = useMutation({
    mutationFn: () => drainAgent(slug, pool.id, agent.id, !agent.draining),
    onSuccess: () => client.invalidateQueries({ queryKey: poolKeys.all(slug) }),
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  const word = agentWord(agent);
  return (
    <tr>
      <td>
        <span className={styles["online"]}>
          <span className={styles["dot"]} data-online={agent.online} data-draining={(agent.online && agent.draining) || undefined} />
          {agent.name} <span className="muted">{word}</span>
        </span>
      </td>
      <td data-label="Heartbeat">
        <RelativeTime at={agent.last_seen_at} />
      </td>
      <td>
        <span className={styles["slots"]} aria-hidden="true">
          {Array.from({ length: Math.min(agent.capacity, DRAWN_SLOTS) }, (_, index) => (
            <span key={index} className={styles["slot"]} data-used={index < agent.running} />
          ))}
        </span>
        {agent.running} of {agent.capacity}
      </td>
      <td data-label="Host">
        {agent.host} <span className="muted">pid {agent.pid}</span>
      </td>
      <td>
        <TagList tags={labelTexts(agent)} />
      </td>
      <td data-label="Version">{agent.version}</td>
      <td className={styles["actions"]}>
        <GuardedButton
          size="compact-xs"
          variant="default"
          aria-label={`${agent.draining ? "Stop draining" : "Drain"} ${agent.name}`}
          reason={denial ?? (agent.online ? null : "It is not there; one that is started again does not drain.")}
          loading={drain.isPending}
          onClick={() => drain.mutate()}
        >
          {agent.draining ? "Stop draining" : "Drain"}
        </GuardedButton>
      </td>
    </tr>
  );
}
