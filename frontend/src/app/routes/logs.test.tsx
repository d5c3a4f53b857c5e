import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

const list = () => screen.findByRole("feed", { name: "Log lines" }, PATIENT);

describe("the logs of a workspace", () => {
  it("are searched, and a line opens among its neighbours", async () => {
    const { user, here } = visit("/w/acme/logs?range=30d");
    const first = (await within(await list()).findAllByRole("article"))[0];
    if (first === undefined) throw new Error("the demo has lines");
    const word = /[A-Za-z]{5,}/.exec(first.getAttribute("aria-label")?.replace(/^\S+ /, "") ?? "")?.[0] ?? "";

    await user.type(screen.getByRole("combobox", { name: "Search logs" }), `${word}{Enter}`);
    await waitFor(() => expect(here().search).toMatchObject({ q: word }));
    const [row] = within(await list()).getAllByRole("button", { expanded: false });
    if (row === undefined) throw new Error("the search finds the line");
    await user.click(row);

    const around = await screen.findByRole("list", { name: "Lines around it" }, PATIENT);
    expect(within(around).getAllByRole("listitem").filter((each) => each.getAttribute("aria-current") === "true")).toHaveLength(1);
  });

  it("mark every word that is looked for, and tell what was found from what was written", async () => {
    server.use(
      http.get("*/api/v1/workspaces/:workspace/logs", () =>
        HttpResponse.json({
          items: [{ id: "1", level: "INFO", logger: "etl", message: "OO did not Fly (again)", occurred_at: new Date().toISOString(), run_id: null, task_run_id: null }],
          runs: [],
          next_cursor: null,
          searched_to: null,
        }),
      ),
    );
    visit("/w/acme/logs?range=30d&q=did+fly+%22(again%22");

    const marked = within(await list()).getAllByText(/./, { selector: "mark" });
    expect(marked.map((each) => each.textContent)).toEqual(["did", "Fly", "(again"]);
    expect(await screen.findByText(/^ ?written in all, /, {}, PATIENT)).toBeVisible();
  });

  it("are walked and opened by keyboard", async () => {
    const { user, here } = visit("/w/acme/logs?range=30d");
    const rows = within(await list()).getAllByRole("button", { expanded: false });

    await user.keyboard("jj");
    expect(rows[1]).toHaveAttribute("data-active");
    await user.keyboard("{Enter}");

    await waitFor(() => expect(here().search).toHaveProperty("line"));
    expect(rows[1]).toHaveAttribute("aria-expanded", "true");
  });

  it("are narrowed by what writes most", async () => {
    const { user, here } = visit("/w/acme/logs?range=30d");
    const side = await screen.findByRole("complementary", { name: "Volume by deployment" }, PATIENT);

    const [writer] = await within(side).findAllByRole("button", {}, PATIENT);
    if (writer === undefined) throw new Error("the demo has deployments that write");
    await user.click(writer);

    await waitFor(() => expect(here().search).toHaveProperty("deployment_id"));
    expect(await within(side).findByRole("button", { pressed: true }, PATIENT)).toBeVisible();
  });

  it("are downloaded as they are searched", async () => {
    const { user } = visit("/w/acme/logs?range=30d&level=ERROR&q=late");
    await user.click(await screen.findByRole("button", { name: "Download" }, PATIENT));

    const link = await screen.findByRole("menuitem", { name: "As NDJSON" });

    expect(link).toHaveAttribute("href", expect.stringMatching(/\/logs\/download\?q=late&level=ERROR&from=.+&to=.+&format=ndjson$/));
  });

  it("show where a search can't be read", async () => {
    visit("/w/acme/logs?q=nam:x");

    expect(await screen.findByText("nam", { selector: "mark" }, PATIENT)).toBeVisible();
  });

  it("say how far was looked when nothing was found yet", async () => {
    let asked = 0;
    server.use(
      http.get("*/api/v1/workspaces/:workspace/logs", () => {
        asked += 1;
        return HttpResponse.json(
          asked === 1
            ? { items: [], runs: [], next_cursor: "on", searched_to: new Date().toISOString() }
            : { items: [], runs: [], next_cursor: null, searched_to: null },
        );
      }),
    );
    const { user } = visit("/w/acme/logs?q=rare");

    expect(await screen.findByText("Nothing found so far", {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Look further back" }));

    expect(await screen.findByText("No line matches", {}, PATIENT)).toBeVisible();
  });
});

describe("what was refused", () => {
  it("counts apart what was only noted, and says what a duplicate differs in", async () => {
    const { user } = visit("/w/acme/refused");

    expect(await screen.findByText(/not taken, 47 noted in the last 90 days/, {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: /Taken for a duplicate, but says something else/ }));
    const detail = await screen.findByText(/One of the same id and time was there, and stays/);
    expect(detail.parentElement).toHaveTextContent("payload");
  });

  it("says why and how it is mended, with a sample", async () => {
    const { user, here } = visit("/w/acme/refused");
    const rows = await screen.findByRole("list", { name: "Refused" }, PATIENT);

    await user.click(within(rows).getByRole("button", { name: /Too many series/ }));

    expect(await screen.findByText(/Leave that label out/)).toBeVisible();
    expect(screen.getByText("The workspace has 20,000 series already.")).toBeVisible();
    expect(here().search).toHaveProperty("row");
  });

  it("is walked and opened by keyboard", async () => {
    const { user, here } = visit("/w/acme/refused");
    const rows = within(await screen.findByRole("list", { name: "Refused" }, PATIENT)).getAllByRole("button", { expanded: false });

    await user.keyboard("jj{Enter}");

    await waitFor(() => expect(here().search).toHaveProperty("row"));
    expect(rows[1]).toHaveAttribute("aria-expanded", "true");
  });

  it("does not say of a door with no refusals that everything was taken", async () => {
    server.use(http.get("*/api/v1/workspaces/:workspace/refused", () => HttpResponse.json({ items: [], next_cursor: null })));
    visit("/w/acme/refused?door=otlp");

    expect(await screen.findByText("Nothing was refused so", {}, PATIENT)).toBeVisible();
    expect(screen.queryByText("Everything that came was taken.")).toBeNull();
  });

  it("is narrowed by door", async () => {
    const { user, here } = visit("/w/acme/refused");
    await screen.findByRole("list", { name: "Refused" }, PATIENT);

    await user.click(screen.getByRole("combobox", { name: "Door" }));
    await user.click(await screen.findByRole("option", { name: "OpenLineage" }));

    await waitFor(() => expect(here().search).toMatchObject({ door: "openlineage" }));
    await waitFor(() => expect(screen.queryByText("Too many series")).not.toBeInTheDocument(), PATIENT);
  });

  it("says so when everything was taken", async () => {
    visit("/w/fresh/refused");

    expect(await screen.findByText("Everything that came was taken.", {}, PATIENT)).toBeVisible();
  });
});
