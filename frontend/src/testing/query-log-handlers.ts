import { http, HttpResponse, type RequestHandler } from "msw";

import type { ImportAnswer, RefusedLine } from "@/schema/wire/query-log";

import { refusal } from "./answers";

/** Query logs: a row that holds `bad` is refused, one that came before is a duplicate. */
export function queryLogHandlers(): RequestHandler[] {
  const seen = new Set<string>();
  return [
    http.post("*/api/v1/workspaces/:workspace/query-log", async ({ request }) => {
      const text = await request.text();
      const isCsv = request.headers.get("Content-Type") === "text/csv";
      const hasHeader = isCsv && new URL(request.url).searchParams.get("preset") !== "postgres";
      const [first = "", ...below] = text.split("\n");
      if (hasHeader && !/sql|query|statement|text/i.test(first)) {
        return refusal(400, "invalid_request", "The file cannot be read.", { body: ["No column holds statements: expected statement, query, query_text, text, sql."] });
      }
      const answer = { accepted: 0, duplicates: 0, skipped: 0, rejected_count: 0, retryable_count: 0, rejected: [] as RefusedLine[] };
      for (const [at, row] of (hasHeader ? below : [first, ...below]).entries()) {
        if (row.trim() === "") continue;
        if (row.includes("bad")) {
          answer.rejected_count += 1;
          answer.rejected.push({ line: at + (hasHeader ? 2 : 1), code: "invalid_item", message: "Expected a time.", field: "ended_at", retryable: false });
        } else if (seen.has(row)) answer.duplicates += 1;
        else {
          seen.add(row);
          answer.accepted += 1;
        }
      }
      answer.rejected = answer.rejected.slice(0, 100);
      return HttpResponse.json(answer satisfies ImportAnswer);
    }),
  ];
}
