import { expect, it } from "vitest";

import type { Outcome } from "@/schema/wire/channels";

import { outcomeSentence } from "./outcome";

const OUTCOME: Outcome = { ok: false, status: null, error: null, retryable: false, detail: "", retry_after_seconds: null, duration_ms: 120 };

it.each<[Partial<Outcome>, string]>([
  [{ ok: true, status: 200 }, "Answered 200 in 120 ms."],
  [{ ok: true }, "Done in 120 ms."],
  [{ status: 404, detail: "no_team" }, "Refused with 404. no_team."],
  [{ status: 503, retryable: true }, "Refused with 503. This may pass."],
  [{ error: "timeout", retryable: true, detail: "The receiver took too long." }, "The receiver took too long. This may pass."],
  [{ error: "no_recipient" }, "Failed: no_recipient."],
])("says %j", (part, expected) => {
  expect(outcomeSentence({ ...OUTCOME, ...part })).toBe(expected);
});
