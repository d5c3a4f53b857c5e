import { describe, expect, it } from "vitest";

import { scimSentence, tokenGap } from "@/features/sso/scim-model";
import type { ScimSettings, ScimToken } from "@/schema/wire/scim";

const TOKEN: ScimToken = { id: "1", prefix: "hws_AbC1", created_at: "2026-01-01T00:00:00Z", created_by: null, last_used_at: null };
const OFF: ScimSettings = { enabled: false, base_url: "https://x/scim/v2", created_at: null, last_used_at: null, tokens: [], most_tokens: 2, people: 0, groups: 0 };

describe("scimSentence", () => {
  it.each([
    [OFF, "People are managed by hand."],
    [{ ...OFF, people: 3 }, "Nobody keeps them any more: 3 people and 0 teams stay as they are."],
    [{ ...OFF, enabled: true, tokens: [TOKEN] }, "Waiting for the provider: the token has not been used yet."],
    [{ ...OFF, enabled: true, people: 1, groups: 1, last_used_at: "2026-01-02T00:00:00Z" }, "Your identity provider keeps 1 person and 1 team."],
  ])("says how it stands", (scim, sentence) => {
    expect(scimSentence(scim)).toBe(sentence);
  });
});

describe("tokenGap", () => {
  it("lets two tokens overlap and no third", () => {
    expect(tokenGap({ ...OFF, tokens: [TOKEN] })).toBeNull();
    expect(tokenGap({ ...OFF, tokens: [TOKEN, TOKEN] })).toMatch(/Two tokens/);
  });
});
