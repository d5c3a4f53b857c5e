import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { ApiError } from "@/lib/errors";

import { ErrorState } from "./error-state";

function show(status: number, message: string) {
  const error = new ApiError(status, "any", message);
  render(
    <MantineProvider env="test">
      <ErrorState error={error} what="audit log" onRetry={() => undefined} />
    </MantineProvider>,
  );
}

it("offers another try of what failed", () => {
  show(500, "Something went wrong on our side.");

  expect(screen.getByRole("alert")).toHaveTextContent("Loading the audit log didn’t work");
  expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
});

it("says what is missing where a role does not show it, and calls it no failure", () => {
  show(403, "This needs the scope audit:read.");

  expect(screen.getByRole("alert")).toHaveTextContent("No access to the audit logThis needs the scope audit:read.");
  expect(screen.queryByRole("button", { name: "Try again" })).not.toBeInTheDocument();
});
