import { expect, it } from "vitest";

import { unitOfFormula } from "./formula-unit";

const UNITS = new Map([
  ["A", "bytes"],
  ["B", "bytes"],
  ["C", "ms"],
  ["D", null],
]);

it.each([
  ["A - B", "bytes"],
  ["(A + B) / 2", "bytes"],
  ["-A * 1e3", "bytes"],
  ["max(A, B, 0)", "bytes"],
  ["abs(A - B)", "bytes"],
  ["A / C", "bytes/ms"],
  ["A / B", null],
  ["A / B * 100", null],
  ["A / B * C", "ms"],
  ["1 / A", null],
  ["A * C", null],
  ["A + D", null],
  ["A + Z", null],
  ["2 * 3", null],
  ["A +", null],
  ["A B", null],
  ["", null],
])("counts %j in %j", (expression, unit) => {
  expect(unitOfFormula(expression, UNITS)).toEqual({ unit, mixed: null });
});

it.each(["A + C", "A - C / 2", "min(A, C)", "B / (A + C)"])("says of %j that its units do not belong together", (expression) => {
  expect(unitOfFormula(expression, UNITS)).toMatchObject({ mixed: ["bytes", "ms"] });
});
