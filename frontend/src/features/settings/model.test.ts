import { describe, expect, it } from "vitest";

import { keyWeakness } from "./model";

describe("a key whose maker may do less today", () => {
  it.each<[string[], string[], string | null]>([
    [["runs:read"], ["runs:read"], null],
    [[], [], null],
    [["runs:read", "runs:write"], ["runs:read"], "1 scope of 2: its maker may do no more"],
    [["runs:read", "runs:write"], [], "does nothing: its maker may do none of it now"],
  ])("with %j of which %j are left", (scopes, left, words) => {
    expect(keyWeakness({ scopes, effective_scopes: left } as never)).toBe(words);
  });
});
