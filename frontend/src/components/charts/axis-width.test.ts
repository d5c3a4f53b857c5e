import { expect, it } from "vitest";

import { axisWidth } from "./axis-width";

it.each([
  [["0", "10 min"], 68],
  [null, 68],
  [["8,000 flights", "10K flights"], 96],
  [["1,000 of something with a long name"], 140],
])("makes room for %j", (labels, width) => {
  expect(axisWidth(labels)).toBe(width);
});
