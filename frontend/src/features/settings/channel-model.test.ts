import { describe, expect, it } from "vitest";

import { draftConfig, draftGap, EMPTY_DRAFT, loneMessage, type ChannelDraft, firingOf, triesText } from "./channel-model";

const hook: ChannelDraft = { ...EMPTY_DRAFT, name: "ops", kind: "WEBHOOK", url: " https://a.example/x " };

describe("a channel's draft", () => {
  it.each<[string, ChannelDraft, Record<string, unknown> | null]>([
    ["nothing typed", EMPTY_DRAFT, null],
    ["mail", { ...EMPTY_DRAFT, to: ["ada@example.com"] }, { to: ["ada@example.com"] }],
    ["a webhook without a secret of one’s own", hook, { url: "https://a.example/x" }],
    ["a webhook with one", { ...hook, secret: "s".repeat(16) }, { url: "https://a.example/x", secret: "s".repeat(16) }],
    ["a Slack form, which has none", { ...hook, kind: "SLACK", secret: "left over" }, { url: "https://a.example/x" }],
  ])("sends %s", (_, draft, config) => {
    expect(draftConfig(draft)).toEqual(config);
  });

  it.each<[ChannelDraft, boolean, RegExp | null]>([
    [{ ...hook, name: " " }, true, /name/],
    [{ ...hook, url: "" }, true, /address/],
    [{ ...hook, url: "" }, false, null],
    [{ ...hook, url: "", secret: "s".repeat(16) }, false, /address again/],
    [{ ...EMPTY_DRAFT, name: "ops" }, true, /somebody/],
    [hook, true, null],
  ])("%# says what is missing", (draft, isNew, gap) => {
    if (gap === null) expect(draftGap(draft, isNew)).toBeNull();
    else expect(draftGap(draft, isNew)).toMatch(gap);
  });
});

it("says below the form only what no field says", () => {
  expect(loneMessage("No.", {})).toBe("No.");
  expect(loneMessage("No.", { "config.url": ["Not public."] })).toBeNull();
  expect(loneMessage("No.", { "config.other": ["Unknown field."] })).toBe("Unknown field.");
});

it.each([
  ["firing:01940000-0000-7000-8000-000000100000:0", "01940000-0000-7000-8000-000000100000"],
  ["test:01940000-0000-7000-8000-000000100000", null],
  ["firing:x:0", null],
])("finds the firing of %s", (source, firing) => {
  expect(firingOf({ source })).toBe(firing);
});

it.each([
  [1, 0, null],
  [3, 0, "3 tries"],
  [2, 1, "2 tries, the end of one is not known"],
])("tells of %d tries, %d of them interrupted", (attempts, interrupted, text) => {
  expect(triesText({ attempts, interrupted })).toBe(text);
});
