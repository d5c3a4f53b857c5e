import { render } from "@testing-library/react";
import { expect, it } from "vitest";

import { RunsAnswer } from "./runs-answer";

it.each([
  [1, { q: "late" }, "1 run found · last 24 hours"],
  [3, { q: "late" }, "3 runs found · last 24 hours"],
  [1, {}, "1 run · last 24 hours"],
])("counts %i of %o: %s", (count, search, sentence) => {
  const histogram = { step_seconds: 3600, buckets: [{ at: "2026-11-01T00:00:00Z", counts: { COMPLETED: count } }] };

  const { container } = render(<RunsAnswer histogram={histogram} search={search} onChange={() => undefined} />);

  expect(container).toHaveTextContent(sentence);
});
