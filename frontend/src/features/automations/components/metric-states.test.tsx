import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { MetricStates } from "./metric-states";

it("says a value below one as it is", () => {
  render(
    <MantineProvider env="test">
      <MetricStates metric="headway.cost" states={[{ key: [], labels: {}, level: "FIRING", since: "2026-11-22T14:53:00Z", value: 0.362457 }]} />
    </MantineProvider>,
  );

  expect(screen.getByRole("listitem")).toHaveTextContent(/^headway\.cost fired .*, now 0\.3625$/);
});
