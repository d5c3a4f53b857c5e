import { describe, expect, it } from "vitest";

import { draftGap, draftOf, draftSettings, sampleOf } from "./model";

const draft = { ...draftOf(null), name: " repo " };

describe("a draft of a webhook", () => {
  it.each([
    [{ ...draft, name: " " }, "Give it a name."],
    [draft, null],
    [{ ...draft, preset: "STRIPE" as const }, "Paste the service’s secret."],
    [{ ...draft, preset: "SNS" as const }, "Name the topic."],
    [{ ...draft, preset: "CUSTOM" as const, template: " " }, "Write a template."],
    [{ ...draft, preset: "GENERIC" as const }, null],
  ])("says what it lacks: %#", (given, gap) => {
    expect(draftGap(given, true)).toBe(gap);
  });

  it("keeps a secret that is there", () => {
    expect(draftGap({ ...draft, preset: "STRIPE" }, false)).toBeNull();
  });

  it("sends only what its preset minds", () => {
    const full = { ...draft, secret: "s", topicArn: " arn ", template: "t" };
    expect(draftSettings(full)).toEqual({ name: "repo", secret: "s" });
    expect(draftSettings({ ...full, secret: "", preset: "SNS" })).toEqual({ name: "repo", topic_arn: "arn" });
    expect(draftSettings({ ...full, secret: "", preset: "CUSTOM" })).toEqual({ name: "repo", template: "t" });
  });
});

it("takes a sample for JSON where it is some", () => {
  expect(sampleOf('{"a": 1}')).toEqual({ a: 1 });
  expect(sampleOf("a=1")).toBe("a=1");
});
