import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ScimCard } from "@/features/sso/components/scim-card";
import { makeQueryClient } from "@/lib/query-client";
import type { ScimToken } from "@/schema/wire/scim";
import { refusal } from "@/testing/answers";
import { PATIENT } from "@/testing/people";
import { server } from "@/testing/server";

const ACCOUNT = "0190f5fe-0000-7000-8000-000000000001";
const URL_ = `/api/v1/account/${ACCOUNT}/scim`;

function open(denial: string | null = null) {
  const client = makeQueryClient();
  client.setDefaultOptions({ queries: { retry: false } });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <ScimCard account={ACCOUNT} denial={denial} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return userEvent.setup();
}

let tokens: ScimToken[] = [];

beforeEach(() => {
  tokens = [];
  server.use(
    http.get(URL_, () =>
      HttpResponse.json({
        enabled: tokens.length > 0,
        base_url: "https://headway.example/scim/v2",
        created_at: null,
        last_used_at: tokens[0]?.last_used_at ?? null,
        tokens,
        most_tokens: 2,
        people: tokens.length > 0 ? 41 : 0,
        groups: tokens.length > 0 ? 3 : 0,
      }),
    ),
    http.post(URL_, () => {
      const token = { id: `t${tokens.length}`, prefix: `hws_Ab${tokens.length}`, created_at: "2026-01-01T00:00:00Z", created_by: { id: "u", name: "Ada" }, last_used_at: null };
      tokens = [token, ...tokens];
      return HttpResponse.json({ ...token, secret: "hws_the-whole-secret" }, { status: 201 });
    }),
    http.delete(`${URL_}/:id`, ({ params }) => {
      tokens = tokens.filter((token) => token.id !== params["id"]);
      return new HttpResponse(null, { status: 204 });
    }),
  );
});

describe("SCIM card", () => {
  it("shows a new token once, with the address", async () => {
    const user = open();

    expect(await screen.findByText("People are managed by hand.", {}, PATIENT)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Create token" }));
    const dialog = await screen.findByRole("dialog", { name: "Copy the token now" }, PATIENT);
    expect(within(dialog).getByText("hws_the-whole-secret")).toBeInTheDocument();
    expect(within(dialog).getByText("https://headway.example/scim/v2")).toBeInTheDocument();
    await user.click(within(dialog).getByRole("button", { name: "I have copied it" }));

    expect(await screen.findByRole("listitem", { name: "Token hws_Ab0…" }, PATIENT)).toHaveTextContent("by Ada");
    expect(screen.queryByText("hws_the-whole-secret")).not.toBeInTheDocument();
    expect(screen.getByText(/Waiting for the provider/)).toBeInTheDocument();
  });

  it("rotates: a second token, then the end of the first, and no third", async () => {
    const token = { id: "old", prefix: "hws_Old1", created_at: "2025-01-01T00:00:00Z", created_by: null, last_used_at: "2026-01-01T00:00:00Z" };
    tokens = [token];
    const user = open();

    expect(await screen.findByText("Your identity provider keeps 41 people and 3 teams.", {}, PATIENT)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Create a second token" }));
    await user.click(await screen.findByRole("button", { name: "I have copied it" }, PATIENT));
    expect(screen.getByRole("button", { name: "Create a second token" })).toHaveAttribute("aria-disabled", "true");
    const row = screen.getByRole("listitem", { name: "Token hws_Old1…" });
    await user.click(within(row).getByRole("button", { name: "End" }));
    const dialog = await screen.findByRole("dialog", { name: "End token hws_Old1…" }, PATIENT);
    expect(dialog).toHaveTextContent("The other token goes on working.");
    await user.click(within(dialog).getByRole("button", { name: "End token" }));

    expect(await screen.findByRole("listitem", { name: "Token hws_Ab1…" }, PATIENT)).toBeInTheDocument();
    expect(screen.queryByRole("listitem", { name: "Token hws_Old1…" })).not.toBeInTheDocument();
  });

  it("says why it can’t be changed", async () => {
    open("Only owners and admins of the account may.");
    const button = await screen.findByRole("button", { name: "Create token" }, PATIENT);
    expect(button).toHaveAttribute("aria-description", "Only owners and admins of the account may.");
  });

  it("shows a refusal with its words", async () => {
    server.use(http.get(URL_, () => refusal(403, "permission_denied", "This needs the scope sso:manage in the account.")));
    open();

    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("sso:manage");
  });
});
