import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { detailOf } from "@/testing/demo/runs";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";
import { world } from "@/testing/world";

async function rowOf(name: RegExp): Promise<HTMLElement> {
  const list = await screen.findByRole("list", { name: "Limits" }, PATIENT);
  const row = within(list)
    .getAllByRole("listitem")
    .find((each) => name.test(each.textContent ?? ""));
  if (row === undefined) throw new Error(`no limit ${name.source}`);
  return row;
}

describe("the concurrency page", () => {
  it("shows how full each limit is, who waits, and who has it", async () => {
    const { user } = visit("/w/acme/limits");

    const row = await rowOf(/warehouse/);
    expect(row).toHaveTextContent("3 of 3 in use");
    expect(row).toHaveTextContent("4 runs waiting");
    expect(await rowOf(/geocoder/)).toHaveTextContent("120 a minute");
    expect(await rowOf(/crm-api/)).toHaveTextContent("set by the code");

    await user.click(within(row).getByRole("button", { name: "warehouse" }));
    const holders = await screen.findByRole("table", { name: "Who has warehouse" }, PATIENT);
    expect(within(holders).getAllByRole("row")).toHaveLength(4);
    expect(within(holders).getAllByRole("link")[0]).toHaveAttribute("href", `/w/acme/runs/${world.runs[0]?.id ?? ""}`);
  });

  it("sets a limit, shows what is refused at its field, and changes and removes one", async () => {
    const { user } = visit("/w/acme/limits");
    await rowOf(/warehouse/);

    await user.click(screen.getByRole("button", { name: "Set a limit" }));
    const dialog = await screen.findByRole("dialog", { name: "Set a limit" }, PATIENT);
    await user.type(within(dialog).getByRole("textbox", { name: "Tag" }), "refused");
    await user.click(within(dialog).getByRole("button", { name: "Set limit" }));
    expect(await within(dialog).findByText("No such tag.", {}, PATIENT)).toBeVisible();
    await user.clear(within(dialog).getByRole("textbox", { name: "Tag" }));
    await user.type(within(dialog).getByRole("textbox", { name: "Tag" }), "nightly");
    await user.click(within(dialog).getByRole("button", { name: "Set limit" }));
    await waitFor(async () => expect(await rowOf(/nightly/)).toHaveTextContent("0 of 1 in use"), PATIENT);

    await user.click(screen.getByRole("button", { name: "Remove nightly" }));
    await user.click(await screen.findByRole("button", { name: "Remove limit" }, PATIENT));
    await waitFor(() => expect(screen.queryByText("nightly")).not.toBeInTheDocument(), PATIENT);
  });

  it("says what limits are for while there are none", async () => {
    server.use(http.get("*/limits", () => HttpResponse.json({ items: [], next_cursor: null })));
    visit("/w/acme/limits");

    expect(await screen.findByText("Everything may run at once", {}, PATIENT)).toBeVisible();
  });
});

describe("a run that waits", () => {
  it("says for what, and leads to who has it", async () => {
    const waiting = world.runs.find((run) => run.pool !== null);
    if (waiting === undefined) throw new Error("the demo has no such run");
    const late = { ...detailOf(waiting), state: "LATE", state_type: "SCHEDULED", started_at: null, ended_at: null, error: null, cause: null };
    server.use(
      http.get("*/runs/:id", () => HttpResponse.json(late)),
      http.get("*/runs/:id/line", () =>
        HttpResponse.json({
          ahead: 2,
          reasons: [
            { kind: "limit", text: "At most 3 of the tag 'warehouse' at once, and 3 are going on.", limit: { id: "1", kind: "TAG", key: "warehouse", slots: 3, used: 3 }, until: null },
            { kind: "no_agent", text: "No agent serves its pool.", limit: null, until: null },
          ],
        }),
      ),
    );
    visit(`/w/acme/runs/${waiting.id}`);

    const panel = await screen.findByRole("region", { name: "What it waits for" }, PATIENT);
    expect(panel).toHaveTextContent("At most 3 of the tag 'warehouse' at once");
    expect(panel).toHaveTextContent("2 runs before it.");
    expect(within(panel).getByRole("link", { name: "Who has it" })).toHaveAttribute("href", "/w/acme/limits");
    expect(within(panel).getByRole("link", { name: "Its pool" })).toHaveAttribute("href", expect.stringContaining("/w/acme/pools"));
  });
});
