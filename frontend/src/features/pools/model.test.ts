import { expect, it } from "vitest";

import type { ManagedPool } from "@/schema/wire/compute";
import type { Pool } from "@/schema/wire/pools";

import { agentWord, chosenPool, deleteDenial, depthPoints, labelTexts, poolProblem } from "./model";
import { settingLines } from "./settings";

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

it("adds queues up, and takes the longest wait of them", () => {
  const point = (at: string, waiting: number, oldest_seconds: number) => ({ at, waiting, parked: 1, running: 2, oldest_seconds });
  const queues = [
    { id: "a", name: "a", points: [point("2026-01-01T00:01:00Z", 5, 30), point("2026-01-01T00:00:00Z", 1, 10)] },
    { id: "b", name: "b", points: [point("2026-01-01T00:01:00Z", 2, 90)] },
  ];

  expect(depthPoints({ queues }, undefined)).toEqual([
    { at: "2026-01-01T00:00:00Z", waiting: 1, parked: 1, running: 2, oldest_seconds: 10 },
    { at: "2026-01-01T00:01:00Z", waiting: 7, parked: 2, running: 4, oldest_seconds: 90 },
  ]);
  expect(depthPoints({ queues }, "b")).toHaveLength(1);
});

it("says why a queue stays", () => {
  const queue = { id: "q", name: "q", priority: 1, is_default: false, paused: false, concurrency_limit: null, queued: 0 };

  expect(deleteDenial(queue, null)).toBeNull();
  expect(deleteDenial(queue, "no")).toBe("no");
  expect(deleteDenial({ ...queue, is_default: true }, null)).toMatch(/make another one the default/);
  expect(deleteDenial({ ...queue, queued: 2 }, null)).toBe("Runs wait in it.");
});

it.each([
  [{ online: true, draining: false, running: 0 }, "online"],
  [{ online: true, draining: true, running: 1 }, "draining"],
  [{ online: true, draining: true, running: 0 }, "drained"],
  [{ online: false, draining: true, running: 0 }, "offline"],
])("names how an agent is: %j", (agent, word) => {
  expect(agentWord(agent)).toBe(word);
});

it("writes labels and settings as lines", () => {
  expect(labelTexts({ labels: { zone: "eu", gpu: "" } })).toEqual(["gpu", "zone=eu"]);
  expect(settingLines({ image: "a", env: { A: "1" }, volumes: ["x", "y"] })).toEqual([
    { name: "image", text: "a" },
    { name: "env.A", text: "1" },
    { name: "volumes", text: "x, y" },
  ]);
});
