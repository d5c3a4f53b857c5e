import { expect, it } from "vitest";

import { NAV_ITEMS } from "@/app/shell/nav-items";

it("gives each page a key and a name of its own", () => {
  for (const what of ["key", "label", "to"] as const) {
    expect(new Set(NAV_ITEMS.map((item) => item[what])).size).toBe(NAV_ITEMS.length);
  }
});
