import { expect, it } from "vitest";

import { isNamesake, namesakeText, worldKind } from "./namesakes";

it.each([
  ["table", 'ACME."MARTS".revenue', "revenue"],
  ["view", "marts.revenue", "revenue"],
  ["user", "jonas@shop.example", "jonas@shop.example"],
  ["file", "s3://bucket/2026/orders.csv", "s3://bucket/2026/orders.csv"],
])("looks for the %s %s by %s", (kind, name, text) => {
  expect(namesakeText({ kind, name })).toBe(text);
});

it("knows views and datasets as the tables that the world has", () => {
  expect(["View", "dataset", "table", "user"].map(worldKind)).toEqual(["table", "table", "table", "user"]);
});

it.each([
  ["table", "orders", "SHOP.PUBLIC.ORDERS", true],
  ["table", "marts.orders", "shop.public.orders", true],
  ["table", "orders", "shop.public.orders_archive", false],
  ["order", "order-7", "order-7", true],
  ["order", "order-7", "order-70", false],
  ["user", "Jonas@shop.example", "jonas@shop.example", true],
  ["user", "jonas@shop.example", "maria@shop.example", false],
])("takes the %s %s for %s: %s", (kind, name, found, is) => {
  expect(isNamesake({ name: found }, { kind, name })).toBe(is);
});
