import { expect, it } from "vitest";

import type { ManagedPool } from "@/schema/wire/compute";
import type { Pool } from "@/schema/wire/pools";

import { chosenPool, poolProblem } from "./model";

const pool = (name: string, rest: Partial<Pool> = {}): Pool => ({ id: `id-${name}`, name, kind: "PROCESS", paused: false, concurrency_limit: null, job_defaults: {}, queues: [], running: 0, queued: 0, agents_online: 1, managed: null, may: {}, ...rest });

const managed = (part: Partial<ManagedPool>, rest: Partial<Pool> = {}): Pool =>
  pool("m", { kind: "MANAGED", agents_online: 0, managed: { backend: "LOCAL", slots: 4, tasks: { requested: 0, starting: 0, running: 0, stopping: 0 }, month: { managed_seconds: 0, limit: null }, ...part }, ...rest });

it("opens the busiest pool unless one is asked for, by id or name", () => {
  const pools = [pool("a"), pool("b", { running: 2 })];

  expect(chosenPool(pools, undefined)?.name).toBe("b");
  expect(chosenPool(pools, "id-a")?.name).toBe("a");
  expect(chosenPool(pools, "a")?.name).toBe("a");
  expect(chosenPool([], "a")).toBeUndefined();
});

it.each([
  [pool("a"), null],
  [pool("a", { paused: true }), "Paused: its runs wait."],
  [pool("a", { queued: 3, agents_online: 0 }), "3 waiting and no agent online."],
  [managed({}, { queued: 3, agents_online: 0 }), null],
  [managed({ tasks: { requested: 1, starting: 1, running: 2, stopping: 1 } }, { queued: 3 }), "All slots in use, 3 waiting."],
  [managed({ slots: null, tasks: { requested: 1, starting: 1, running: 20, stopping: 1 } }, { queued: 3 }), null],
  [managed({ backend: "OFF" }), "Managed compute is off here."],
])("says what is wrong with a pool: %#", (given, problem) => {
  expect(poolProblem(given)).toBe(problem);
});
