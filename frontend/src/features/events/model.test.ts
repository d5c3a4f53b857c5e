import { describe, expect, it } from "vitest";

import { aboutOf, aboutTerms, asAbout, asksForName, likeTerms, parseEventsSearch, payloadGlimpse, rarityWords, relatedTerms, resourceLabel, sampleWords } from "./model";
import { triggerOf } from "./trigger";
import { vocabularyOf } from "./vocabulary";

describe("the address", () => {
  it.each([
    [{ q: "name:table.* late" }, "name:table.* late"],
    [{ name: "table.*", q: "late" }, "late name:table.*"],
    [{ name: "table.*", q: "late name:table.*" }, "late name:table.*"],
    [{ resource_kind: "table", resource_name: "my orders" }, 'kind:table resource:"my orders"'],
    [{ run_id: "018f" }, "run:018f"],
    [{}, undefined],
  ])("reads %o", (search, q) => {
    expect(parseEventsSearch(search).q).toBe(q);
  });

  it("names the resource of the drawer", () => {
    const resource = { kind: "table", name: "orders", namespace: null };

    expect(aboutOf(parseEventsSearch({ ...asAbout(resource) }))).toEqual(resource);
    expect(aboutOf(parseEventsSearch({ about_kind: "table" }))).toBeNull();
    expect(asAbout(null)).toEqual({ about_kind: undefined, about_name: undefined, about_namespace: undefined });
  });
});

it("writes the terms of a resource", () => {
  const resource = { kind: "table", name: "my orders", namespace: null };

  expect(aboutTerms(resource)).toBe('kind:table resource:"my orders"');
  expect(relatedTerms(resource)).toBe('related.kind:table related:"my orders"');
});

it("knows a name that is asked for", () => {
  expect(asksForName("late name:a", "a")).toBe(true);
  expect(asksForName("name:a.*", "a")).toBe(false);
  expect(asksForName(undefined, "a")).toBe(false);
});

it("shows the first simple values of a payload on one line", () => {
  expect(payloadGlimpse({ rows: 3, nested: { a: 1 }, sql: "SELECT\n  1" })).toBe("rows=3  sql=SELECT 1");
});

it("calls a run by its name and a table by its own", () => {
  const resource = (kind: string, name: string) => ({ kind, name, namespace: "" });

  expect(resourceLabel({ resource: resource("run", "018f"), payload: { name: "calm-fox" } })).toBe("calm-fox");
  expect(resourceLabel({ resource: resource("run", "018f"), payload: {} })).toBe("018f");
  expect(resourceLabel({ resource: resource("table", "orders"), payload: { name: "x" } })).toBe("orders");
});

it("offers the words and paths that the loaded events have", () => {
  const { keys, values } = vocabularyOf(
    [
      {
        name: "a",
        resource: { kind: "table", name: "orders", namespace: "pg" },
        related: [{ role: "reads", kind: "user", name: "ana", namespace: null }],
        payload: { rows: 3, "a b": { status: "failed" }, list: [{ x: 1 }] },
        source: "sdk",
      },
    ],
    ["seen.in.range"],
  );

  expect(keys).toEqual(expect.arrayContaining(["name", "role", "payload.rows", 'payload."a b".status', "payload.list.x"]));
  expect(values["name"]).toEqual(["seen.in.range", "a"]);
  expect(values["related"]).toEqual(["ana"]);
  expect(values['payload."a b".status']).toEqual(["failed"]);
});

describe("an estimate", () => {
  const sample = { examined: 23_870, of: 49_812_345, low: 1_012_345, high: 1_298_765, one_in: 7_812 };

  it("says what it rests on and what it may have missed", () => {
    expect(sampleWords(sample)).toBe("estimated from 24,000 of their 50,000,000 events; all bars hold 1,000,000 to 1,300,000");
    expect(sampleWords({ ...sample, high: 1_020_000 })).toBe("estimated from 24,000 of their 50,000,000 events; all bars hold about 1,000,000");
    expect(rarityWords(sample)).toBe("Things rarer than about 1 in 7,800 may not show.");
  });

  it.each([0, 1])("names no number when %i is all that is known", (oneIn) => {
    expect(rarityWords({ ...sample, one_in: oneIn })).toBe("Rare things may not show.");
  });
});

describe("events like this one", () => {
  const resource = { kind: "table", name: "my orders", namespace: "postgres://db:5432" };

  it.each([
    ["about nothing", { name: "a.b", resource: null }, ["name:a.b"]],
    ["about a table", { name: "a.b", resource }, ["name:a.b", "resource.kind:table", "resource.name:my orders", "resource.namespace:postgres://db:5432"]],
    ["nowhere in particular", { name: "a.b", resource: { ...resource, namespace: null } }, ["name:a.b", "resource.kind:table", "resource.name:my orders"]],
    ["of a run, which comes once", { name: "a.b", resource: { ...resource, kind: "run" } }, ["name:a.b"]],
  ])("%s", (_, event, match) => {
    expect(triggerOf(likeTerms(event))).toEqual({ match, left: [] });
  });

  it("does not take a star in a name for any end of it", () => {
    const event = { name: "loaded", resource: { kind: "table", name: "events_*", namespace: null } };

    expect(triggerOf(likeTerms(event))).toEqual({ match: ["name:loaded", "resource.kind:table"], left: ['resource:"events_*"'] });
  });
});
