import type { Approval } from "@/schema/wire/approvals";
import type { JsonSchema } from "@/schema/wire/deployments";
import type { Run } from "@/schema/wire/runs";

import { demoId, iso } from "./random";

export const RELEASE_FORM: JsonSchema = {
  type: "object",
  required: ["version", "channel"],
  properties: {
    version: { type: "string", pattern: "^\\d+\\.\\d+$", description: "As tagged, like 2.13" },
    channel: { enum: ["stable", "beta"] },
    hot: { type: "boolean", default: false },
    on: { type: "string", format: "date" },
    limits: { type: "object", required: ["rows"], properties: { rows: { type: "integer", minimum: 1 }, share: { type: "number" } } },
  },
};

/** Questions of the demo's runs: two open ones, one of them plain, and three that are settled. */
export function makeApprovals(now: number, runs: readonly Run[]): Approval[] {
  const deployed = runs.filter((run) => run.deployment !== null);
  const ended = deployed.filter((run) => run.state === "COMPLETED");
  const ask = (number: number, run: Run | undefined, facts: Partial<Approval>): Approval[] => {
    if (run === undefined) return [];
    const at = now - number * 600_000;
    return [
      {
        id: demoId(at, 700 + number),
        run: { id: run.id, name: run.name },
        flow: run.flow,
        deployment: run.deployment,
        key: `1-${number}`,
        title: "Ship it?",
        message: "",
        form: {},
        state: "OPEN",
        created_at: iso(at),
        expires_at: null,
        answer: null,
        comment: "",
        answered_by: null,
        answered_at: null,
        may: { answer: (facts.state ?? "OPEN") === "OPEN" },
        ...facts,
      },
    ];
  };
  const by = { kind: "user", id: "u2", name: "Grace Okafor" } as const;
  return [
    ...ask(1, deployed.find((run) => run.flow.name === "warehouse_nightly" && run.state === "COMPLETED"), {
      title: "Which version goes out?",
      message: "214 rows changed against yesterday.\nThe checks passed.",
      form: RELEASE_FORM,
      expires_at: iso(now + 5_400_000),
    }),
    ...ask(2, ended[3], { title: "Delete 1,204 old partitions?" }),
    ...ask(3, ended[5], { state: "APPROVED", answer: { version: "2.12", channel: "stable", hot: true }, form: RELEASE_FORM, comment: "Checked with finance.", answered_by: by, answered_at: iso(now - 1_500_000) }),
    ...ask(4, ended[7], { state: "REJECTED", comment: "Not before Monday.", answered_by: by, answered_at: iso(now - 1_800_000) }),
    ...ask(5, ended[9], { state: "EXPIRED", expires_at: iso(now - 1_200_000) }),
  ];
}
