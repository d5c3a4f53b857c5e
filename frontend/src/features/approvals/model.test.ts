import { expect, it } from "vitest";

import type { Approval } from "@/schema/wire/approvals";
import { world } from "@/testing/world";

import { answerLines, badgeText, inboxSentence, isOverdue, parseApprovalsSearch } from "./model";

const [like] = world.approvals;
if (like === undefined) throw new Error("the demo asks");
const open = (answer: boolean): Approval => ({ ...like, may: { answer } });

it.each([
  [[], false, "Nobody is asked anything.", ""],
  [[open(true)], false, "1 question waits for an answer.", "1"],
  [[open(true), open(true)], true, "2+ questions wait for an answer.", "2+"],
  [[open(true), open(false)], false, "2 questions wait, 1 of them for you too.", "1"],
  [[open(false)], false, "1 question waits for others’ answers.", ""],
] as const)("counts what waits, and for whom: %#", (questions, more, sentence, badge) => {
  expect(inboxSentence(questions, more)).toBe(sentence);
  expect(badgeText(questions, more)).toBe(badge);
});

it("writes an answer line by line, with groups in front", () => {
  expect(answerLines({ version: "2.13", hot: true, on: null, ids: [1, 2], limits: { rows: 5 } })).toEqual([
    { name: "version", text: "2.13" },
    { name: "hot", text: "yes" },
    { name: "on", text: "nothing" },
    { name: "ids", text: "1, 2" },
    { name: "limits.rows", text: "5" },
  ]);
  expect(answerLines(null)).toEqual([]);
});

it("knows by its own clock when the time is up", () => {
  expect(isOverdue({ state: "OPEN", expires_at: "2026-01-01T00:00:00Z" }, Date.parse("2026-01-01T00:00:01Z"))).toBe(true);
  expect(isOverdue({ state: "OPEN", expires_at: null }, 0)).toBe(false);
  expect(isOverdue({ state: "APPROVED", expires_at: "2026-01-01T00:00:00Z" }, Date.parse("2026-02-01T00:00:00Z"))).toBe(false);
});

it("reads its address", () => {
  expect(parseApprovalsSearch({ state: "expired" })).toEqual({ state: "expired" });
  expect(parseApprovalsSearch({ state: "open" })).toEqual({});
  expect(parseApprovalsSearch({ state: "nope" })).toEqual({});
});
