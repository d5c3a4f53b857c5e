import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { JsonNode } from "./json-node";

it("says how much is folded, also of one", () => {
  render(<JsonNode value={{ one: { key: 1 }, two: { a: 1, b: 2 }, list: ["only"] }} depth={1} needle="" />);

  expect(screen.getByRole("button", { name: /one/ })).toHaveTextContent("{ 1 key }");
  expect(screen.getByRole("button", { name: /two/ })).toHaveTextContent("{ 2 keys }");
  expect(screen.getByRole("button", { name: /list/ })).toHaveTextContent("[ 1 item ]");
});
