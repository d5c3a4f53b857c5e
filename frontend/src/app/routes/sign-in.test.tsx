import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

describe("signing in", () => {
  it("sends a stranger to the login and back to where they wanted to go", async () => {
    let known = false;
    server.use(
      http.get("*/api/v1/me", () => (known ? HttpResponse.json(world.me) : refusal(401, "unauthenticated", "Log in first."))),
      http.post("*/_allauth/browser/v1/auth/login", () => {
        known = true;
        return HttpResponse.json({ status: 200 });
      }),
    );
    const { user, here } = visit("/w/acme/pools");

    await user.type(await screen.findByLabelText("E-mail", {}, PATIENT), "ada@example.com");
    await user.type(screen.getByLabelText("Password"), "correct horse");
    await user.click(screen.getByRole("button", { name: "Log in" }));

    expect(await screen.findByRole("heading", { name: "Pools and agents" }, PATIENT)).toBeVisible();
    expect(here().pathname).toBe("/w/acme/pools");
  });

  it("shows a refusal at the field it is about", async () => {
    const { user } = visit("/login");

    await user.type(await screen.findByLabelText("E-mail", {}, PATIENT), "ada@example.com");
    await user.type(screen.getByLabelText("Password"), "wrong password");
    await user.click(screen.getByRole("button", { name: "Log in" }));

    expect(await screen.findByText(/password is not right/)).toBeVisible();
  });

  it("does not bother the server with a weak password", async () => {
    const { user } = visit("/signup");

    await user.type(await screen.findByLabelText("E-mail", {}, PATIENT), "ada@example.com");
    await user.type(screen.getByLabelText("Password"), "short");
    await user.click(screen.getByRole("button", { name: "Create account" }));

    expect(await screen.findByText("Use at least 10 characters.")).toBeVisible();
  });

  it("confirms an address, and says when a key no longer works", async () => {
    const { unmount } = visit("/verify-email/good");
    expect(await screen.findByText("Your address is confirmed.", {}, PATIENT)).toBeVisible();
    unmount();

    visit("/verify-email/expired");
    expect(await screen.findByText(/This link no longer works/, {}, PATIENT)).toBeVisible();
  });

  it("sends a link for a new password and takes the new one", async () => {
    const { user, unmount } = visit("/login");
    await user.click(await screen.findByRole("link", { name: "Forgot your password?" }, PATIENT));
    const send = await screen.findByRole("button", { name: "Send the link" }, PATIENT);
    await user.type(screen.getByLabelText("E-mail"), "ada@example.com");
    await user.click(send);
    expect(await screen.findByText(/If ada@example.com has an account/)).toBeVisible();
    unmount();

    const second = visit("/reset-password/good");
    await second.user.type(await screen.findByLabelText("New password", {}, PATIENT), "correct horse battery");
    await second.user.click(screen.getByRole("button", { name: "Set the password" }));
    expect(await screen.findByText(/The new password is set/)).toBeVisible();
    second.unmount();

    const third = visit("/reset-password/expired");
    await third.user.type(await screen.findByLabelText("New password", {}, PATIENT), "correct horse battery");
    await third.user.click(screen.getByRole("button", { name: "Set the password" }));
    expect(await screen.findByRole("link", { name: "Send a new link" })).toHaveAttribute("href", "/reset-password");
  });
});
