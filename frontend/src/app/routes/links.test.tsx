import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { detailOf } from "@/testing/demo/runs";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

describe("what is connected is linked", () => {
  it("finds automations and channels by name", async () => {
    const { user, here } = visit("/w/acme");
    await screen.findByRole("heading", { name: "Home" }, PATIENT);

    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox", { name: "Search or jump to" }), "flights are");
    await user.click(await screen.findByRole("option", { name: /^Flights are late/ }, PATIENT));
    await waitFor(() => expect(here().pathname).toMatch(/\/automations\/.+/), PATIENT);

    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox", { name: "Search or jump to" }), "pager");
    await user.click(await screen.findByRole("option", { name: /^pager/ }, PATIENT));
    await waitFor(() => expect(here().search).toMatchObject({ tab: "channels", channel: expect.any(String) as string }), PATIENT);
  });

  it("leads from a run to the automation that started it", async () => {
    const [rule] = world.automations;
    const [run] = world.runs.filter((each) => each.ended_at !== null);
    if (run === undefined) throw new Error("the demo has no such run");
    server.use(http.get("*/runs/:id", () => HttpResponse.json({ ...detailOf(run), source: "ADHOC", created_by: { kind: "automation", id: rule?.id, name: rule?.name } })));
    visit(`/w/acme/runs/${run?.id ?? ""}`);

    expect(await screen.findByRole("link", { name: rule?.name ?? "" }, PATIENT)).toHaveAttribute("href", `/w/acme/automations/${rule?.id ?? ""}`);
  });
});
