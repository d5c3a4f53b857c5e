import { http, HttpResponse } from "msw";

import type { ApprovalAnswer } from "@/schema/wire/approvals";

import { page, refusal } from "./answers";
import { iso } from "./demo/random";
import type { World } from "./demo/world";

const W = "*/api/v1/workspaces/:workspace";

/** Questions and their answers. The version 0.0 is one that only the server knows to be wrong. */
export function approvalHandlers(world: World) {
  return [
    http.get(`${W}/approvals`, ({ request }) => {
      const url = new URL(request.url);
      const state = url.searchParams.get("state");
      return page(world.approvals.filter((each) => state === null || each.state === state), url);
    }),
    http.post(`${W}/approvals/:id/answer`, async ({ params, request }) => {
      const index = world.approvals.findIndex((each) => each.id === params["id"]);
      const found = world.approvals[index];
      if (found === undefined) return refusal(404, "not_found", "There is no such approval.");
      if (found.state !== "OPEN") return refusal(409, "approval_closed", `This was ${found.state.toLowerCase()} by ${found.answered_by?.name ?? "somebody"} already.`);
      const given = (await request.json()) as ApprovalAnswer;
      if (given.values?.["version"] === "0.0") return refusal(400, "invalid_request", "The values do not fit the form.", { "values.version": ["There is no such version."] });
      const answered = {
        ...found,
        state: given.approved ? ("APPROVED" as const) : ("REJECTED" as const),
        answer: given.approved ? (given.values ?? {}) : null,
        comment: given.comment ?? "",
        answered_by: { kind: "user" as const, id: "u1", name: "Ada Brandt" },
        answered_at: iso(Date.now()),
        may: { answer: false },
      };
      world.approvals[index] = answered;
      return HttpResponse.json(answered);
    }),
  ];
}
