import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { agentsQuery } from "@/features/pools/api/pools";
import { isGone } from "@/features/pools/model";
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
        <EmptyState icon="pools" title="No agent has come yet" code={`headway login --url ${window.location.origin} --workspace ${slug}\nheadway agent start --pool ${pool.name}`}>
          An agent takes runs from this pool and executes them where it was started. It needs outbound HTTPS and nothing else.
        </EmptyState>
      )}
      {rows.length > 0 && (
        <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={`Agents of ${pool.name}`}>
          <table className={styles["table"]}>
            <thead>
              <tr>
                <th>Agent</th>
                <th>Heartbeat</th>
                <th>Slots</th>
                <th>Host</th>
                <th>Version</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((agent) => (
                <AgentRow key={agent.id} agent={agent} />
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

function AgentRow({ agent }: { readonly agent: Agent }) {
  return (
    <tr>
      <td>
        <span className={styles["online"]}>
          <span className={styles["dot"]} data-online={agent.online} />
          {agent.name} <span className="muted">{agent.online ? "online" : "offline"}</span>
        </span>
      </td>
      <td>
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
      <td>
        {agent.host} <span className="muted">pid {agent.pid}</span>
      </td>
      <td>{agent.version}</td>
    </tr>
  );
}
