import { describe, expect, it } from "vitest";

import { bySubject, endOf, keyStatus, keyWeakness, rotationDenial } from "./model";

const NOW = Date.parse("2026-11-21T12:00:00Z");

describe("a key whose holder may do less today", () => {
  it.each<[string[], string[], string | null, string | null]>([
    [["runs:read"], ["runs:read"], null, null],
    [[], [], null, null],
    [["runs:read", "runs:write"], ["runs:read"], null, "1 scope of 2: its maker may do no more"],
    [["runs:read", "runs:write"], [], null, "does nothing: its maker may do none of it now"],
    [["runs:read", "runs:write"], [], "ci-deploys", "does nothing: ci-deploys may do none of it now"],
  ])("with %j of which %j are left, held by %s", (scopes, left, holder, words) => {
    expect(keyWeakness({ scopes, effective_scopes: left, service_account: holder === null ? null : { id: "s1", name: holder } })).toBe(words);
  });
});

describe("putting another key in the place of one", () => {
  const ada = { id: "u1", name: "Ada", email: "ada@example.com" };
  it.each([
    ["one's own", { scopes: ["runs:read"], service_account: null, created_by: ada }, null],
    ["somebody else's", { scopes: ["runs:read"], service_account: null, created_by: { ...ada, id: "u2" } }, "Only its owner may replace a personal key. It can be revoked."],
    ["nobody's any more", { scopes: [], service_account: null, created_by: null }, "Only its owner may replace a personal key. It can be revoked."],
    ["a machine's", { scopes: ["runs:read"], service_account: { id: "s1", name: "ci" }, created_by: null }, null],
    ["a machine's that may do more", { scopes: ["runs:read", "pools:write"], service_account: { id: "s1", name: "ci" }, created_by: ada }, "It may do more than you; only who may do as much can replace it."],
  ])("is asked of %s", (_, key, denial) => {
    expect(rotationDenial(key, "u1", ["runs:read", "runs:write"])).toBe(denial);
  });
});

describe("when a new key ends", () => {
  it.each<[string, string, string | null | undefined]>([
    ["never", "", null],
    ["7", "", "2026-11-28T12:00:00.000Z"],
    ["date", "2026-12-24", "2026-12-24T23:59:59.000Z"],
    ["date", "2026-11-20", undefined],
    ["date", "", undefined],
  ])("%s %s", (lifetime, day, end) => {
    expect(endOf(lifetime, day, NOW)).toBe(end);
  });
});

it.each<[string | null, string | null, string]>([
  [null, null, "active"],
  ["2026-11-20T00:00:00Z", null, "expired"],
  ["2026-11-22T00:00:00Z", null, "active"],
  [null, "2026-11-20T00:00:00Z", "revoked"],
])("a key that ends at %s, revoked at %s, is %s", (expires_at, revoked_at, status) => {
  expect(keyStatus({ expires_at, revoked_at }, NOW)).toBe(status);
});

it("groups scopes by what they are about", () => {
  expect(bySubject(["runs:read", "service_accounts:manage", "runs:write"])).toEqual([
    { subject: "runs", scopes: ["runs:read", "runs:write"] },
    { subject: "service accounts", scopes: ["service_accounts:manage"] },
  ]);
});
