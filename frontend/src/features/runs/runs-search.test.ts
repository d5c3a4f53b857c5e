import { describe, expect, it } from "vitest";

import { parseSearch, stringifySearch } from "@/lib/search-params";
import { world } from "@/testing/world";

import { matchesSearch, parseRunsSearch, runFilters } from "./runs-search";

const run = world.runs.find((each) => each.state === "COMPLETED" && each.deployment !== null);
if (run === undefined) throw new Error("the demo has completed runs");
const JUST_AFTER = Date.parse(run.created_at) + 1_000;

it("survives the way into the address and back", () => {
  const search = parseRunsSearch({ state: ["failed", "late"], q: "night", range: "7d", source: "ADHOC" });

  expect(parseRunsSearch(parseSearch(stringifySearch({ ...search })))).toEqual(search);
});

it("drops what is not a filter", () => {
  expect(parseRunsSearch({ state: ["exploded"], source: "MARS", q: "" })).toEqual(parseRunsSearch({}));
});

it("asks the server for every name of a chosen kind", () => {
  expect(runFilters({ state: ["failed"] })["state"]).toEqual(["FAILED", "TIMED_OUT"]);
});

describe("matchesSearch", () => {
  it.each([
    [{}, true],
    [{ state: ["completed"] as const }, true],
    [{ state: ["failed"] as const }, false],
    [{ flow_id: run.flow.id }, true],
    [{ flow_id: "another" }, false],
    [{ tag: run.tags[0] }, true],
    [{ tag: "nope" }, false],
    [{ q: run.name.toUpperCase() }, true],
    [{ q: "zebra" }, false],
    [{ parent: "another" }, false],
  ])("%j → %s", (search, expected) => {
    expect(matchesSearch(run, search, JUST_AFTER)).toBe(expected);
  });

  it("leaves out a run from before the range", () => {
    expect(matchesSearch(run, { range: "15m" }, JUST_AFTER + 3_600_000)).toBe(false);
  });
});
