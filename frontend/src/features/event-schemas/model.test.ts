import { describe, expect, it } from "vitest";

import type { EventSchema } from "@/schema/wire/event-schemas";

import { beginsToRefuse, draftGap, draftOf, readSchema, trialKey, trialSentence } from "./model";

const draft = { name: "table.loaded", mode: "REFUSE", text: '{"required": ["rows"]}' } as const;
const inForce = (mode: EventSchema["mode"], schema: EventSchema["schema"] = { required: ["rows"] }) => ({ mode, schema }) as EventSchema;

describe("a draft of a schema", () => {
  it.each([
    ["no name", { ...draft, name: " " }, "Name the events."],
    ["a list", { ...draft, text: "[]" }, "A schema is an object: { … }"],
    ["null", { ...draft, text: "null" }, "A schema is an object: { … }"],
    ["nothing", draft, null],
  ])("says what it lacks: %s", (_name, given, gap) => {
    expect(draftGap(given)).toBe(gap);
  });

  it("says where it is no JSON", () => {
    expect(readSchema('{\n  "type": object\n}').fault).toBe("Line 2, column 11: a value should stand here.");
  });

  it.each([
    ["of a new one", draft, null, true],
    ["that only warned", draft, inForce("WARN"), true],
    ["in other words", draft, inForce("REFUSE", { required: ["table"] }), true],
    ["as before", draft, inForce("REFUSE"), false],
    ["not at all", { ...draft, mode: "WARN" as const }, null, false],
  ])("begins to refuse: %s", (_name, given, before, begins) => {
    expect(beginsToRefuse(given, before)).toBe(begins);
  });

  it("is tried again when name or schema are others, not when only its spaces are", () => {
    expect(trialKey({ ...draft, text: '{ "required":["rows"] }', mode: "OFF" })).toBe(trialKey(draft));
    expect(trialKey({ ...draft, name: "x" })).not.toBe(trialKey(draft));
    expect(trialKey({ ...draft, text: "{}" })).not.toBe(trialKey(draft));
  });

  it("begins with what is in force", () => {
    expect(draftOf({ ...inForce("OFF"), name: "x" })).toEqual({ name: "x", mode: "OFF", text: '{\n  "required": [\n    "rows"\n  ]\n}' });
    expect(draftGap(draftOf(null))).toBe("Name the events.");
  });
});

describe("a trial", () => {
  it.each([
    ["none", { checked: 0, failed: 0, more: false }, "There were no events of this name in the last day, so nothing was tried."],
    ["one that fits", { checked: 1, failed: 0, more: false }, "The one event of the last day fits."],
    ["all fit", { checked: 40, failed: 0, more: false }, "All of the 40 events of the last day fit."],
    ["some do not", { checked: 1000, failed: 12, more: true }, "12 of the last day’s newest 1,000 events would not fit."],
  ])("is told in a sentence: %s", (_name, given, sentence) => {
    expect(trialSentence({ ...given, samples: [] })).toBe(sentence);
  });
});
