import { expect, it } from "vitest";

import type { Pool } from "@/schema/wire/pools";

import { chosenPool, poolProblem } from "./model";

const pool = (name: string, rest: Partial<Pool> = {}): Pool => ({ id: `id-${name}`, name, kind: "PROCESS", paused: false, queues: [], running: 0, queued: 0, agents_online: 1, managed: null, ...rest });

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
])("says what is wrong with a pool: %#", (given, problem) => {
  expect(poolProblem(given)).toBe(problem);
});
