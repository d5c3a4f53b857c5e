import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

describe("signing in", () => {
  it("says the same of every address that leads nowhere", async () => {
    server.use(http.post("*/api/v1/sso/discovery", () => HttpResponse.json({ url: null })));
    const { user } = visit("/login");

    await user.click(await screen.findByRole("button", { name: "Continue with single sign-on" }, PATIENT));
    await user.type(screen.getByLabelText("Work e-mail"), "ada@nowhere.example{Enter}");

    expect(await screen.findByText(/No single sign-on is known for this address/, {}, PATIENT)).toBeVisible();
  });

  it("shows that there were too many tries", async () => {
    server.use(http.post("*/api/v1/sso/discovery", () => refusal(429, "rate_limited", "Too many tries. Wait a minute.")));
    const { user } = visit("/login");

    await user.click(await screen.findByRole("button", { name: "Continue with single sign-on" }, PATIENT));
    await user.type(screen.getByLabelText("Work e-mail"), "ada@acme.example{Enter}");

    expect(await screen.findByText("Too many tries. Wait a minute.", {}, PATIENT)).toBeVisible();
  });

  it("ends where it was refused, with a way on", async () => {
    visit("/sso/error?code=sso_attempt_not_valid&connection=01900000-0000-7000-8000-0000000000a1");

    expect(await screen.findByRole("heading", { name: "This sign-in is over" }, PATIENT)).toBeVisible();
    expect(screen.getByRole("link", { name: "Begin again" })).toHaveAttribute("href", "/sso/01900000-0000-7000-8000-0000000000a1/login");
    expect(screen.getByRole("link", { name: "Log in another way" })).toHaveAttribute("href", "/login");
  });

  it("shows nothing that a stranger wrote into the address", async () => {
    visit("/sso/error?code=<b>Call+us</b>&reason=at+555&connection=//evil.example");

    expect(await screen.findByRole("heading", { name: "You weren’t signed in" }, PATIENT)).toBeVisible();
    expect(document.body).not.toHaveTextContent(/Call us|555/);
    expect(screen.queryByRole("link", { name: "Begin again" })).not.toBeInTheDocument();
  });

  it("ends the session when somebody logs out, and leads to the login", async () => {
    let ended = false;
    server.use(
      http.post("*/api/v1/sso/sign-out", () => {
        ended = true;
        return HttpResponse.json({ url: null });
      }),
    );
    const { user, here } = visit("/w/acme/pools");

    await user.click(await screen.findByRole("button", { name: /your account/ }, PATIENT));
    await user.click(await screen.findByRole("menuitem", { name: "Log out" }, PATIENT));

    await waitFor(() => expect(here().pathname).toBe("/login"), PATIENT);
    expect(ended).toBe(true);
  });
});
