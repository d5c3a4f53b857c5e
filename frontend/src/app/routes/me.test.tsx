import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { makeMeHandlers, PASSWORD } from "@/testing/me-handlers";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

const EMAIL = world.me.actor.email ?? "";

describe("my security", () => {
  it("says what went wrong, and tries again", async () => {
    server.use(...makeMeHandlers());
    server.use(http.get("*/_allauth/browser/v1/account/authenticators", () => HttpResponse.json({}, { status: 500 })));
    const { user } = visit("/me/security");
    const again = await screen.findByRole("button", { name: "Try again" }, PATIENT);

    server.use(...makeMeHandlers());
    await user.click(again);

    expect(await screen.findByText(/Your password alone/)).toBeVisible();
  });

  it("sets up an app after a fresh proof, and shows the recovery codes once", async () => {
    server.use(...makeMeHandlers());
    const { user } = visit("/me/security");
    expect(await screen.findByText(/Your password alone/, {}, PATIENT)).toBeVisible();

    await user.click(screen.getByRole("button", { name: "Set up an app" }));
    const dialog = await screen.findByRole("dialog", { name: "Set up an authenticator app" });
    expect(await within(dialog).findByRole("img", { name: /QR code/ })).toBeVisible();
    await user.click(within(dialog).getByLabelText("Code that the app shows now"));
    await user.paste("123 456");
    await user.click(within(dialog).getByRole("button", { name: "Turn it on" }));
    const proof = await screen.findByRole("dialog", { name: "Confirm that it is you" });
    await user.click(within(proof).getByLabelText("Password"));
    await user.paste(PASSWORD);
    await user.click(within(proof).getByRole("button", { name: "Confirm" }));

    const codes = await screen.findByRole("dialog", { name: "Keep your recovery codes" }, PATIENT);
    expect(within(codes).getAllByRole("listitem")).toHaveLength(10);
  });

  it("says of a code that it is wrong", async () => {
    server.use(...makeMeHandlers());
    const { user } = visit("/me/security");
    await user.click(await screen.findByRole("button", { name: "Set up an app" }, PATIENT));
    await user.click(await screen.findByLabelText("Code that the app shows now"));
    await user.paste("000000");
    await user.click(screen.getByRole("button", { name: "Turn it on" }));

    expect(await screen.findByText(/This code is not right/)).toBeVisible();
  });

  it("changes nothing when the proof is turned away", async () => {
    server.use(...makeMeHandlers());
    const { user } = visit("/me/profile");

    await user.type(await screen.findByLabelText("Another address", {}, PATIENT), "new@example.com");
    await user.click(screen.getByRole("button", { name: "Add address" }));
    const proof = await screen.findByRole("dialog", { name: "Confirm that it is you" });
    await user.keyboard("{Escape}");

    await waitFor(() => expect(proof).not.toBeInTheDocument());
    expect(screen.queryByRole("alert")).toBeNull();
    expect(screen.queryByText("new@example.com")).toBeNull();
  });
});

describe("my sessions", () => {
  it("names the devices, and ends one and all others", async () => {
    server.use(...makeMeHandlers({ others: 3 }));
    const { user } = visit("/me/sessions");
    const list = await screen.findByRole("list", { name: "Sessions" }, PATIENT);
    expect(within(list).getAllByRole("listitem")[0]).toHaveTextContent("Firefox on Linux");

    await user.click(screen.getByRole("button", { name: "End the session of Chrome on Android, 198.51.100.1" }));
    await waitFor(() => expect(within(list).getAllByRole("listitem")).toHaveLength(3));
    await user.click(screen.getByRole("button", { name: "End all others" }));
    await user.click(await screen.findByRole("button", { name: "End 2 sessions" }));

    expect(await screen.findByText(/You are signed in nowhere else/)).toBeVisible();
  });
});

describe("my end", () => {
  it("says what is lost, asks for the address, and leads to the login", async () => {
    let asked = 0;
    server.use(
      ...makeMeHandlers(),
      http.delete("*/api/v1/me", () => {
        asked += 1;
        return asked === 1
          ? HttpResponse.json({ error: { code: "reauthentication_required", message: "Confirm first that it is you.", details: { methods: ["password"] } } }, { status: 403 })
          : new HttpResponse(null, { status: 204 });
      }),
    );
    const { user, here } = visit("/me/profile");

    await user.click(await screen.findByRole("button", { name: "Delete my login" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Delete your login?" });
    expect(await within(dialog).findByText(/is deleted with all its data/)).toBeVisible();
    expect(within(dialog).getByText(/goes on without you \(2 other members\)/)).toBeVisible();
    expect(within(dialog).getByRole("button", { name: "Delete it for good" })).toHaveAccessibleDescription(`Type ${EMAIL} first.`);
    await user.click(within(dialog).getByLabelText(`Type ${EMAIL} to confirm`));
    await user.paste(EMAIL);
    await user.click(within(dialog).getByRole("button", { name: "Delete it for good" }));
    const proof = await screen.findByRole("dialog", { name: "Confirm that it is you" });
    server.use(http.get("*/api/v1/me", () => refusal(401, "unauthenticated", "Sign in.")));
    await user.click(within(proof).getByLabelText("Password"));
    await user.paste(PASSWORD);
    await user.click(within(proof).getByRole("button", { name: "Confirm" }));

    await waitFor(() => expect(here().pathname).toBe("/login"), PATIENT);
    expect(asked).toBe(2);
  });
});

describe("logging in with a second factor", () => {
  it("asks for a code after the password, or for a recovery code", async () => {
    const pending = { status: 401, data: { flows: [{ id: "mfa_authenticate", is_pending: true, types: ["totp", "recovery_codes"] }] }, meta: { is_authenticated: false } };
    let known = false;
    server.use(
      http.get("*/api/v1/me", () => (known ? HttpResponse.json(world.me) : refusal(401, "unauthenticated", "Sign in."))),
      http.post("*/_allauth/browser/v1/auth/login", () => HttpResponse.json(pending, { status: 401 })),
      http.post("*/_allauth/browser/v1/auth/2fa/authenticate", async ({ request }) => {
        const { code } = (await request.json()) as { code: string };
        if (code !== "12345678") return HttpResponse.json({ status: 400, errors: [{ param: "code", code: "incorrect_code", message: "This code is not right, or it was used before." }] }, { status: 400 });
        known = true;
        return HttpResponse.json({ status: 200, data: {}, meta: { is_authenticated: true } });
      }),
    );
    const { user, here } = visit("/login?next=/w/acme/pools");
    await user.type(await screen.findByLabelText("E-mail", {}, PATIENT), "ada@example.com");
    await user.type(screen.getByLabelText("Password"), "correct horse");
    await user.click(screen.getByRole("button", { name: "Log in" }));

    await user.type(await screen.findByLabelText("Code of your authenticator app"), "000000");
    await user.click(screen.getByRole("button", { name: "Continue" }));
    expect(await screen.findByText(/This code is not right/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Use a recovery code" }));
    await user.type(screen.getByLabelText("Recovery code"), "1234 5678");
    await user.click(screen.getByRole("button", { name: "Continue" }));

    await waitFor(() => expect(here().pathname).toBe("/w/acme/pools"), PATIENT);
  });
});
