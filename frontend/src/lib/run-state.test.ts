import { expect, it } from "vitest";

import { isFinal, kindOf, namesOf, STATE_KINDS, STATE_NAMES, stateFacts, wordOf } from "./run-state";

it.each([
  ["TIMED_OUT", "failed", "Timed out"],
  ["AWAITING_RETRY", "scheduled", "Awaiting retry"],
  ["CACHED", "completed", "Cached"],
  ["AWAITING_APPROVAL", "paused", "Awaiting approval"],
])("shows %s as %s with its own word", (name, kind, word) => {
  expect(kindOf(name)).toBe(kind);
  expect(wordOf(name)).toBe(word);
});

it("covers every state name with the kinds, each once", () => {
  expect(namesOf(STATE_KINDS).sort()).toEqual([...STATE_NAMES].sort());
});

it("shows a state it does not know under its own name", () => {
  expect(stateFacts("HIBERNATING")).toMatchObject({ word: "HIBERNATING" });
});

it("knows which types are final", () => {
  expect(["COMPLETED", "FAILED", "CRASHED", "CANCELLED"].every(isFinal)).toBe(true);
  expect(["RUNNING", "SCHEDULED", "CANCELLING"].some(isFinal)).toBe(false);
});
