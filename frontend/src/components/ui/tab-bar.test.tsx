import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { TabBar } from "./tab-bar";

const bar = (open: number | undefined) => (
  <TabBar
    label="Parts"
    value="all"
    onChange={() => undefined}
    tabs={[
      { value: "open", label: "Open", count: open },
      { value: "all", label: "All" },
    ]}
  />
);

it("brings the chosen tab into sight again when a count has moved it, and else leaves the bar where it was put", () => {
  const left = vi.spyOn(HTMLElement.prototype, "offsetLeft", "get").mockReturnValue(300);
  const { rerender } = render(bar(undefined));
  const list = screen.getByRole("tablist");
  expect(list.scrollLeft).toBe(300);

  left.mockReturnValue(340);
  rerender(bar(12));
  expect(list.scrollLeft).toBe(340);

  list.scrollLeft = 0;
  rerender(bar(13));
  expect(list.scrollLeft).toBe(0);
});
