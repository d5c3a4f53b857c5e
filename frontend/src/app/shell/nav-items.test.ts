import { expect, it } from "vitest";

import { NAV_GROUPS, NAV_ITEMS } from "@/app/shell/nav-items";

it("gives each page a key and a name of its own", () => {
  for (const what of ["key", "label", "to"] as const) {
    expect(new Set(NAV_ITEMS.map((item) => item[what])).size).toBe(NAV_ITEMS.length);
  }
});

it("shows every page under one heading, in the order of the keys of help", () => {
  expect(NAV_GROUPS.flatMap(({ items }) => items)).toEqual(NAV_ITEMS);
  expect(NAV_GROUPS.map(({ heading }) => heading)).toEqual([undefined, "Orchestrate", "Observe", "Operate"]);
});
