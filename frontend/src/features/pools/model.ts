import { textOf } from "@/lib/search-params";
import { parseRange, type RangeSearch } from "@/lib/time";
import type { ManagedPool } from "@/schema/wire/compute";
import type { Agent, DepthPoint, Pool, PoolDepth, Queue } from "@/schema/wire/pools";

export interface PoolsSearch extends RangeSearch {
  readonly pool?: string | undefined;
  /** Whose depth is charted; all of the pool's when none is named. */
  readonly queue?: string | undefined;
}

export function parsePoolsSearch(search: Record<string, unknown>): PoolsSearch {
  return { ...parseRange(search), pool: textOf(search["pool"]), queue: textOf(search["queue"]) };
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

/** What is charted over time: one queue, or all of them added up. The longest wait is of whichever waited longest. */
export function depthPoints(depth: Pick<PoolDepth, "queues">, queue: string | undefined): DepthPoint[] {
  const of = depth.queues.filter((each) => queue === undefined || each.id === queue);
  const sums = new Map<string, DepthPoint>();
  for (const { points } of of) {
    for (const point of points) {
      const sum = sums.get(point.at);
      sums.set(
        point.at,
        sum === undefined
          ? point
          : {
              at: point.at,
              waiting: sum.waiting + point.waiting,
              parked: sum.parked + point.parked,
              running: sum.running + point.running,
              oldest_seconds: Math.max(sum.oldest_seconds, point.oldest_seconds),
            },
      );
    }
  }
  return [...sums.values()].sort((a, b) => a.at.localeCompare(b.at));
}

/** Why the queue can't be deleted now; null when it can. */
export function deleteDenial(queue: Queue, denial: string | null): string | null {
  if (denial !== null) return denial;
  if (queue.is_default) return "Runs that name no queue go there: make another one the default first.";
  return queue.queued > 0 ? "Runs wait in it." : null;
}

/** "zone=eu" for each label, by name. */
export function labelTexts({ labels }: Pick<Agent, "labels">): string[] {
  return Object.entries(labels)
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`))
    .sort();
}

/** How an agent is, in one word. */
export function agentWord({ online, draining, running }: Pick<Agent, "online" | "draining" | "running">): string {
  if (!online) return "offline";
  if (!draining) return "online";
  return running === 0 ? "drained" : "draining";
}
