import { describe, expect, it } from "vitest";

import { domainState, draftOf, emptyDraft, gapOf, inputOf, newId, oursOf, pageAnswer, phaseOf, requireDenial, roleChoices, splitCertificates, teamChoices, teamNamed, wouldSentences } from "@/features/sso/model";
import { beginAgain, refusalWords } from "@/features/sso/refusals";
import { makeConnection, makeDomain } from "@/testing/demo/sso";

const ID = "01900000-0000-4000-8000-000000000001";

describe("what is sent", () => {
  it("leaves a stored secret alone unless somebody types another", () => {
    const present = makeConnection();
    const draft = draftOf(present);

    expect(inputOf(draft, present)).not.toHaveProperty("client_secret");
    expect(inputOf({ ...draft, clientSecret: "new" }, present)).toHaveProperty("client_secret", "new");
  });

  it("names its own id and kind only while it is new", () => {
    const draft = emptyDraft("OIDC", ID);

    expect(inputOf(draft, null)).toMatchObject({ id: ID, kind: "OIDC" });
    expect(inputOf(draft, makeConnection())).not.toHaveProperty("kind");
  });

  it("gives roles of the account's own by their ids", () => {
    const present = makeConnection({
      default_grants: [
        { workspace_id: "w1", role: "VIEWER", custom_role_id: null },
        { workspace_id: "w2", role: null, custom_role_id: "c1" },
      ],
    });

    expect(draftOf(present).grants).toEqual([
      { workspace: "w1", role: "VIEWER" },
      { workspace: "w2", role: "c1" },
    ]);
    expect(inputOf(draftOf(present), present)).toMatchObject({
      default_grants: [
        { workspace_id: "w1", role: "VIEWER" },
        { workspace_id: "w2", custom_role_id: "c1" },
      ],
    });
  });

  it.each([
    ["url", { metadata_url: "https://idp.example/m" }],
    ["xml", { metadata_url: "", metadata_xml: "<x/>" }],
    ["hand", { metadata_url: "", entity_id: "e", sso_url: "https://idp.example/s", certificates: ["MIIC"] }],
  ] as const)("describes a SAML provider by %s and by nothing else", (way, settings) => {
    const draft = { ...emptyDraft("SAML", ID), way, metadataUrl: "https://idp.example/m", metadataXml: "<x/>", entityId: "e", ssoUrl: "https://idp.example/s", certificates: "MIIC" };

    expect(inputOf(draft, null)).toMatchObject({ settings });
  });

  it("drops mappings that are half filled in", () => {
    const draft = { ...emptyDraft("OIDC", ID), groups: [{ group: " g ", team: "t" }, { group: "", team: "x" }] };

    expect(inputOf(draft, null)).toMatchObject({ group_teams: [{ group: "g", team: "t" }] });
  });
});

describe("gaps", () => {
  it.each([
    [{ issuer: "login.example" }, "The issuer is an address that begins with https://."],
    [{ issuer: "https://login.example" }, "The client id is missing."],
    [{ issuer: "https://login.example", clientId: "c" }, "The client secret is missing."],
    [{ issuer: "https://login.example", clientId: "c", clientSecret: "s" }, null],
  ])("of OpenID Connect: %o", (change, gap) => {
    expect(gapOf({ ...emptyDraft("OIDC", ID), ...change }, true)).toBe(gap);
  });

  it.each([
    [{}, "The address of the provider’s metadata is missing."],
    [{ way: "xml" as const }, "The provider’s metadata is missing."],
    [{ way: "hand" as const }, "The provider’s entity id and sign-in address are needed."],
    [{ way: "hand" as const, entityId: "e", ssoUrl: "s" }, "At least one certificate is needed."],
    [{ way: "hand" as const, entityId: "e", ssoUrl: "s", certificates: "MIIC" }, null],
  ])("of SAML: %o", (change, gap) => {
    expect(gapOf({ ...emptyDraft("SAML", ID), ...change }, true)).toBe(gap);
  });
});

it("does not save a mapping that lacks one side", () => {
  const draft = { ...emptyDraft("OIDC", ID), issuer: "https://login.example", clientId: "c", clientSecret: "s" };

  expect(gapOf({ ...draft, groups: [{ group: "g", team: "" }] }, true)).toMatch(/a group without a team/);
  expect(gapOf({ ...draft, groups: [{ group: "", team: "" }] }, true)).toBeNull();
});

describe("choices", () => {
  const teams = [
    { name: "data-eng", provided: false },
    { name: "On-call", provided: true },
  ];

  it("offer teams that are there, but none that the directory fills", () => {
    expect(teamChoices(teams, "")).toEqual([
      { value: "data-eng", label: "data-eng", disabled: false },
      { value: "On-call", label: "On-call · kept by SCIM", disabled: true },
    ]);
  });

  it("keep what was mapped: in any case, and when the team is gone", () => {
    expect(teamNamed(teams, "DATA-ENG")).toBe("data-eng");
    expect(teamChoices(teams, "DATA-ENG")).toHaveLength(2);
    expect(teamChoices(teams, "gone")[0]).toEqual({ value: "gone", label: "gone · no such team" });
  });

  it("offer roles of the account's own beside those built in", () => {
    const roles = [
      { key: "VIEWER", name: "Viewer", built_in: true },
      { key: "r1", name: "On-call", built_in: false },
    ];

    expect(roleChoices(roles, "r1")).toHaveLength(2);
    expect(roleChoices(roles, "r1")[1]).toEqual({ group: "Of this account", items: [{ value: "r1", label: "On-call" }] });
    expect(roleChoices([], "r1")[0]).toEqual({ value: "r1", label: "A role of the account" });
  });
});

describe("certificates", () => {
  const one = "-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----";

  it.each([
    ["", []],
    ["  MIIC  ", ["MIIC"]],
    [one, [one]],
    [`${one}\n\n${one}`, [one, one]],
  ])("are told apart: %j", (text, found) => {
    expect(splitCertificates(text)).toEqual(found);
  });

  it("come back from a stored connection as they can be sent", () => {
    const saml = makeConnection({ kind: "SAML", certificates_of: ["A".repeat(70)] });

    expect(splitCertificates(draftOf(saml).certificates)).toEqual([`-----BEGIN CERTIFICATE-----\n${"A".repeat(64)}\n${"A".repeat(6)}\n-----END CERTIFICATE-----`]);
  });
});

it("tells the provider our addresses before there is a connection", () => {
  expect(oursOf("OIDC", ID, "https://h.example")[0]?.value).toBe(`https://h.example/sso/${ID}/callback`);
  expect(oursOf("SAML", ID, "https://h.example").map((each) => each.value)).toEqual([`https://h.example/sso/${ID}/acs`, `https://h.example/sso/${ID}/metadata`, `https://h.example/sso/${ID}/sls`]);
});

it("makes ids that the server takes", () => {
  expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(newId()).not.toBe(newId());
});

describe("states", () => {
  it.each([
    [{ tested_at: null, activated_at: null }, "untested"],
    [{ tested_at: "2026-01-01T00:00:00Z", activated_at: null }, "tested"],
    [{ tested_at: "2026-01-01T00:00:00Z", activated_at: "2026-01-01T00:00:00Z" }, "active"],
  ])("of a connection %o", (connection, phase) => {
    expect(phaseOf(connection)).toBe(phase);
  });

  it.each([
    [{ verified_at: null, missing_since: null }, "claimed"],
    [{ verified_at: "2026-01-01T00:00:00Z", missing_since: null }, "verified"],
    [{ verified_at: "2026-01-01T00:00:00Z", missing_since: "2026-01-02T00:00:00Z" }, "missing"],
  ])("of a domain %o", (domain, state) => {
    expect(domainState(domain)).toBe(state);
  });

  it("says what comes next", () => {
    expect(pageAnswer([], [], false)).toBe("Show first that your mail domain is yours.");
    expect(pageAnswer([], [makeDomain()], false)).toBe("Add the provider that your people sign in with.");
    expect(pageAnswer([makeConnection({ activated_at: null })], [makeDomain()], false)).toContain("test a connection");
    expect(pageAnswer([makeConnection()], [makeDomain()], true)).toBe("Everybody but owners has to come by the provider.");
  });
});

it.each([
  [{ active_connections: 0, is_owner: true, came_by_provider: true }, "There is no active connection. Test one and activate it first."],
  [{ active_connections: 1, is_owner: false, came_by_provider: false }, "Sign in by the provider once yourself; you would be shut out otherwise."],
  [{ active_connections: 1, is_owner: true, came_by_provider: false }, null],
  [{ active_connections: 1, is_owner: false, came_by_provider: true }, null],
])("requiring it with %o", (policy, denial) => {
  expect(requireDenial({ required: false, ...policy })).toBe(denial);
});

it("tells what a sign-in would do", () => {
  const would = { step: "CREATE", joins: true, role: "MEMBER", grants: [{ workspace_id: "w", role: "VIEWER", custom_role_id: null }], teams_joined: ["Data"], teams_left: [], teams_unknown: ["Gone"], groups_came: true } as const;

  expect(wouldSentences({ ...would, grants: [...would.grants], teams_joined: ["Data"], teams_left: [], teams_unknown: ["Gone"] })).toEqual([
    "They are new here: a login without a password would be made.",
    "They would join the account as member with 1 workspace role.",
    "Teams joined: Data.",
    "Mapped, but there is no such team: Gone.",
  ]);
});

describe("refusals", () => {
  it("has words for what it knows and others for the rest", () => {
    expect(refusalWords("sso_address_not_allowed").title).toBe("Your address isn’t of this account");
    for (const code of [undefined, "nonsense", "toString", "__proto__"]) expect(refusalWords(code).title).toBe("You weren’t signed in");
  });

  it("begins again at a connection and nowhere else", () => {
    expect(beginAgain(ID)).toBe(`/sso/${ID}/login`);
    for (const other of [undefined, "", "//evil.example", `${ID}/../..`]) expect(beginAgain(other)).toBeNull();
  });
});
