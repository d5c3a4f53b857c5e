import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, it } from "vitest";

import type { MyAccount } from "@/schema/wire/account";
import { makeAccounts } from "@/testing/demo/account";
import { makeMe } from "@/testing/demo/world";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { ORIGIN } from "@/testing/world";

/** From now on, whoever asks pays for Acme and has no part in its workspaces, nor in any other unless said. */
function asPayer(...others: readonly MyAccount[]): void {
  const [acme] = makeAccounts();
  if (acme === undefined) throw new Error("there is no account");
  const accounts = [{ ...acme, name: "Acme", role: "BILLING" as const, scopes: ["billing:read" as const, "billing:manage" as const] }, ...others];
  const me = { ...makeMe(ORIGIN, [], null, accounts), workspaces: [] };
  server.use(http.get("*/api/v1/me", () => HttpResponse.json(me)));
}

it("tells who pays what is open to them, and leads there", async () => {
  asPayer();
  visit("/w/acme/runs");

  expect(await screen.findByRole("heading", { level: 1, name: "This workspace is not open to you" }, PATIENT)).toBeVisible();
  expect(screen.getByText(/Your role in Acme is billing/)).toBeVisible();
  expect(screen.getByRole("link", { name: "Plan and invoices of Acme" })).toHaveAttribute("href", expect.stringMatching(/^\/account\/.+\/plan$/));
  expect(screen.getByRole("link", { name: "Usage of Acme" })).toHaveAttribute("href", expect.stringMatching(/^\/account\/.+\/usage$/));
});

it("greets who only pays with what is open to them", async () => {
  asPayer();
  visit("/");

  expect(await screen.findByRole("heading", { level: 1, name: "No workspace is open to you" }, PATIENT)).toBeVisible();
  expect(screen.getByRole("link", { name: "Plan and invoices of Acme" })).toHaveAttribute("href", expect.stringMatching(/^\/account\/.+\/plan$/));
  expect(screen.queryByText(/Ask a colleague/)).toBeNull();
});

it("shows who pays here and waits elsewhere both", async () => {
  const [acme] = makeAccounts();
  if (acme === undefined) throw new Error("there is no account");
  asPayer({ ...acme, id: "other", name: "Umbrella", role: "MEMBER", scopes: [] });
  visit("/");

  expect(await screen.findByRole("heading", { level: 1, name: "You are in no workspace yet" }, PATIENT)).toBeVisible();
  expect(screen.getByRole("link", { name: "Umbrella, where you are member" })).toBeVisible();
  expect(screen.getByRole("link", { name: "Usage of Acme" })).toBeVisible();
});

it("says to others that there is nothing", async () => {
  visit("/w/no-such-one/runs");

  expect(await screen.findByRole("heading", { level: 1, name: "Nothing lives at this address" }, PATIENT)).toBeVisible();
  expect(screen.getByRole("link", { name: "Go to your workspace" })).toHaveAttribute("href", "/");
});
