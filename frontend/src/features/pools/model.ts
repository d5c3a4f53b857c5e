import { textOf } from "@/lib/search-params";
import type { ManagedPool } from "@/schema/wire/compute";
import type { Agent, Pool } from "@/schema/wire/pools";

export interface PoolsSearch {
  readonly pool?: string | undefined;
}

export function parsePoolsSearch(search: Record<string, unknown>): PoolsSearch {
  return { pool: textOf(search["pool"]) };
}

/** The pool shown: the one asked for, else the busiest, else the first. */
export function chosenPool(pools: readonly Pool[], id: string | undefined): Pool | undefined {
  const asked = pools.find((pool) => pool.id === id || pool.name === id);
  return asked ?? [...pools].sort((a, b) => b.running + b.queued - (a.running + a.queued))[0];
}

/** What is wrong with a pool, in words, or null: the sentence that a worried person looks for. */
export function poolProblem(pool: Pool): string | null {
  if (pool.paused) return "Paused: its runs wait.";
  if (pool.kind === "MANAGED") {
    const { managed } = pool;
    if (managed === null) return null;
    if (managed.backend === "OFF") return "Managed compute is off here.";
    if (managed.slots !== null && slotsInUse(managed) >= managed.slots && pool.queued > 0) return `All slots in use, ${pool.queued} waiting.`;
    return null;
  }
  if (pool.queued > 0 && pool.agents_online === 0) return `${pool.queued} waiting and no agent online.`;
  return null;
}

/** Tasks that hold a place. */
export function slotsInUse({ tasks }: ManagedPool): number {
  return tasks.starting + tasks.running + tasks.stopping;
}

const GONE_MS = 24 * 3_600_000;

/** An agent that has been away so long that it is probably not coming back under this name. */
export function isGone(agent: Pick<Agent, "online" | "last_seen_at">, now: number): boolean {
  return !agent.online && now - Date.parse(agent.last_seen_at) > GONE_MS;
}
