import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { dashboardHandlers, makeDashboard } from "@/testing/dashboard-handlers";
import { makeWorld } from "@/testing/demo/world";
import { answerPanels, type PanelsBody } from "@/testing/panel-handlers";
import { PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

const PATH = "/w/acme/dashboards/01a1f0aa-0000-7000-8000-0000000000d1";

function sentTo(end: string, method: string): unknown[] {
  const sent: unknown[] = [];
  server.events.on("request:start", ({ request }) => {
    if (request.method === method && new URL(request.url).pathname.endsWith(end)) void request.clone().json().then((body) => sent.push(body));
  });
  return sent;
}

beforeEach(() => server.use(...dashboardHandlers()));
afterEach(() => server.events.removeAllListeners());

describe("dashboards", () => {
  it("draw all panels from one answer, and ask no more than that and what the dashboard is", async () => {
    const sent = sentTo("/dashboards/panels", "POST");
    const asked = new Set<string>();
    server.events.on("request:start", ({ request }) => void asked.add(new URL(request.url).pathname.replace(/^.*\/workspaces\/acme/, "")));
    visit(PATH);

    expect(await screen.findByRole("img", { name: /^Rows by table, \d+ lines/ }, PATIENT)).toBeInTheDocument();
    expect(screen.getByRole("img", { name: /Heat map of query_duration/ })).toBeInTheDocument();
    expect(screen.getByRole("heading", { name: "Loads", level: 2 })).toBeVisible();
    expect(within(screen.getByRole("region", { name: "Rows now" })).getByText(/a week before/)).toBeVisible();
    expect(await screen.findByRole("figure", { name: /runs over time/ }, PATIENT)).toBeInTheDocument();
    expect(await screen.findByRole("region", { name: "Runs that failed" })).toHaveTextContent("Failed");
    expect(sent).toHaveLength(1);
    expect([...asked].filter((path) => /dashboards|metrics|runs|events|logs|deployments/.test(path)).toSorted()).toEqual([PATH.replace("/w/acme", ""), "/dashboards/panels"]);
  });

  it("are narrowed by a variable, in the address", async () => {
    const sent = sentTo("/dashboards/panels", "POST");
    visit(`${PATH}?v=table%3Draw.flights`);

    await screen.findByRole("img", { name: /^Rows by table/ }, PATIENT);

    expect(sent[0]).toMatchObject({ chosen: { table: ["raw.flights"] }, variables: [{ name: "table", label: "table" }] });
    expect(screen.getByRole("link", { name: "Open Rows by table in metrics" })).toHaveAttribute("href", expect.stringContaining("rows_loaded%29%7Btable%3Draw.flights%7D+by+table&range=24h"));
  });

  it("lead to the page of metrics with all that a chart shows", async () => {
    const chart = { id: "c", kind: "chart", title: "Loads", x: 0, y: 0, w: 6, h: 4, queries: [{ letter: "A", name: "rows_loaded", aggregate: "sum" }], compare_seconds: 604_800, events: "deploy.*" } as const;
    server.use(http.get("*/dashboards/:id", () => HttpResponse.json(makeDashboard({ panels: [chart] }))));
    visit(PATH);

    const link = await screen.findByRole("link", { name: "Open Loads in metrics" }, PATIENT);

    const { searchParams } = new URL(link.getAttribute("href") ?? "", "http://here");
    expect([searchParams.get("compare"), searchParams.get("events")]).toEqual(["1w", "deploy.*"]);
  });

  it("say by themselves that one panel failed", async () => {
    server.use(
      http.post("*/dashboards/panels", async ({ request }) => {
        const answer = answerPanels(makeWorld(Date.now(), "http://here"), (await request.json()) as PanelsBody);
        const error = { code: "query_too_large", message: "More than 10000 series match.", fields: { queries: ["Narrow with where."] } };
        return HttpResponse.json({ ...answer, panels: answer.panels.map((panel) => (panel.id === "rows" ? { ...panel, chart: null, error } : panel)) });
      }),
    );
    visit(PATH);

    expect(await screen.findAllByText("More than 10000 series match. Narrow with where.", {}, PATIENT)).toHaveLength(1);
    expect(await screen.findByRole("figure", { name: /runs over time/ }, PATIENT)).toBeInTheDocument();
  });

  it("ask before what was changed is thrown away, and only then", async () => {
    const { user, here } = visit(`${PATH}?edit=true`);
    await user.click(await screen.findByRole("button", { name: "Discard changes" }, PATIENT));
    await waitFor(() => expect(here().search).not.toHaveProperty("edit"), PATIENT);

    await user.click(await screen.findByRole("button", { name: "Edit" }, PATIENT));
    await user.type(await screen.findByRole("textbox", { name: "Name" }, PATIENT), " anew");
    await user.click(screen.getByRole("button", { name: "Discard changes" }));
    const dialog = await screen.findByRole("dialog", { name: "Leave without saving" }, PATIENT);
    await user.click(within(dialog).getByRole("button", { name: "Go on editing" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument(), PATIENT);
    expect(screen.getByRole("textbox", { name: "Name" })).toHaveDisplayValue(/ anew$/);

    await user.click(screen.getByRole("button", { name: "Discard changes" }));
    await user.click(within(await screen.findByRole("dialog", {}, PATIENT)).getByRole("button", { name: "Leave" }));
    await waitFor(() => expect(here().search).not.toHaveProperty("edit"), PATIENT);
  });

  it("are edited by keyboard and saved over the version that was read", async () => {
    const sent = sentTo("d1", "PATCH");
    const { user, here } = visit(`${PATH}?edit=true`);
    const handle = await screen.findByRole("button", { name: /^Move Rows now: .* column 10, row 1, 3 wide/ }, PATIENT);

    handle.focus();
    await user.keyboard("{ArrowLeft}");
    expect(screen.getByRole("button", { name: /^Move Rows now: .* column 9, row 1/ })).toHaveFocus();
    await user.keyboard("{Shift>}{ArrowRight}{/Shift}");
    await user.click(screen.getByRole("button", { name: "Remove What happened" }));
    await user.click(screen.getByRole("button", { name: "Save" }));

    await waitFor(() => expect(here().search).toEqual({}), PATIENT);
    expect(sent[0]).toMatchObject({ version: 3 });
    const { panels } = sent[0] as { readonly panels: readonly { readonly id: string }[] };
    expect(panels.find(({ id }) => id === "share")).toMatchObject({ x: 8, w: 4 });
    // What the number came to lie on went down.
    expect(panels.find(({ id }) => id === "about")).toMatchObject({ y: 3 });
    expect(panels.some(({ id }) => id === "events")).toBe(false);
  });

  it("get a panel", async () => {
    const sent = sentTo("d1", "PATCH");
    const { user } = visit(`${PATH}?edit=true`);

    await user.click(await screen.findByRole("button", { name: "Add a panel" }, PATIENT));
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    fireEvent.change(within(dialog).getByRole("textbox", { name: "Title" }), { target: { value: "Share" } });
    fireEvent.change(within(dialog).getByRole("textbox", { name: /Queries and formulas/ }), { target: { value: "sum(rows_loaded)\n= A / 2" } });
    await user.click(within(dialog).getByRole("button", { name: "Add it" }));
    await user.click(await screen.findByRole("button", { name: "Save" }, PATIENT));

    await waitFor(() => expect(sent).toHaveLength(1), PATIENT);
    expect((sent[0] as { panels: unknown[] }).panels.at(-1)).toMatchObject({ kind: "chart", title: "Share", y: 17, formulas: [{ letter: "B", expression: "A / 2" }] });
  });

  it("show the letter of a number that was chosen", async () => {
    const sent = sentTo("d1", "PATCH");
    const { user } = visit(`${PATH}?edit=true`);
    await user.click(await screen.findByRole("button", { name: "Edit Rows now" }, PATIENT));
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    expect(within(dialog).queryByRole("combobox", { name: "The number is" })).not.toBeInTheDocument();

    fireEvent.change(within(dialog).getByRole("textbox", { name: /Queries and formulas/ }), { target: { value: "sum(rows_loaded)\nsum(rows_failed)\n= B / A" } });
    expect(within(dialog).getByRole("combobox", { name: "The number is" })).toHaveValue("A: sum(rows_loaded)");
    await user.click(within(dialog).getByRole("combobox", { name: "The number is" }));
    await user.click(await screen.findByRole("option", { name: "C: = B / A" }));
    await user.click(within(dialog).getByRole("button", { name: "Done" }));
    await user.click(await screen.findByRole("button", { name: "Save" }, PATIENT));

    await waitFor(() => expect(sent).toHaveLength(1), PATIENT);
    expect((sent[0] as { panels: unknown[] }).panels).toContainEqual(expect.objectContaining({ id: "share", show: "C", formulas: [{ letter: "C", expression: "B / A" }] }));
  });

  it("show lines of logs, each of which leads to itself", async () => {
    const sent = sentTo("/dashboards/panels", "POST");
    const trouble = { id: "l", kind: "logs", title: "Trouble", x: 0, y: 0, w: 12, h: 4, level: "INFO" } as const;
    const silence = { id: "s", kind: "logs", title: "Silence", x: 0, y: 4, w: 12, h: 4, q: "nobody wrote this" } as const;
    server.use(http.get("*/dashboards/:id", () => HttpResponse.json(makeDashboard({ panels: [trouble, silence] }))));
    visit(PATH);

    const panel = await screen.findByRole("region", { name: "Trouble" }, PATIENT);
    const [line] = await within(panel).findAllByRole("link", {}, PATIENT);

    expect(await screen.findByText("No such lines in this range.", {}, PATIENT)).toBeInTheDocument();
    expect(sent[0]).toMatchObject({
      panels: [
        { id: "l", kind: "logs", level: "INFO" },
        { id: "s", kind: "logs", q: "nobody wrote this" },
      ],
    });
    const to = new URL(line?.getAttribute("href") ?? "", "http://here");
    expect(to.pathname).toBe("/w/acme/logs");
    expect(panel).not.toHaveTextContent("[0m"); // colours of a terminal
    expect(to.searchParams.get("line")).not.toBeNull();
  });

  it("show events that follow what is chosen, and lead to the same", async () => {
    const sent = sentTo("/dashboards/panels", "POST");
    const happened = { id: "e", kind: "events", title: "Happened", x: 0, y: 0, w: 12, h: 4, view: "list", q: "-resource:$table" } as const;
    server.use(http.get("*/dashboards/:id", () => HttpResponse.json(makeDashboard({ panels: [happened] }))));
    visit(`${PATH}?v=table%3Draw.flights`);

    const panel = await screen.findByRole("region", { name: "Happened" }, PATIENT);
    const all = await within(panel).findByRole("link", { name: "All of them" }, PATIENT);

    expect(sent[0]).toMatchObject({ panels: [{ q: "-resource:$table" }], chosen: { table: ["raw.flights"] } });
    expect(new URL(all.getAttribute("href") ?? "", "http://here").searchParams.get("q")).toBe("-resource:raw.flights");
  });

  it("take no panel that names a variable which is not there", async () => {
    const { user } = visit(`${PATH}?edit=true`);
    await user.click(await screen.findByRole("button", { name: "Edit What happened" }, PATIENT));
    const dialog = await screen.findByRole("dialog", {}, PATIENT);
    const search = within(dialog).getByRole("textbox", { name: "Only events that fit" });

    fireEvent.change(search, { target: { value: "resource:$tables" } });
    expect(await within(dialog).findByRole("alert")).toHaveTextContent("There is no variable $tables. Those that there are: $table.");
    expect(within(dialog).getByRole("button", { name: "Done" })).toHaveAttribute("aria-disabled", "true");

    fireEvent.change(search, { target: { value: "resource:$table" } });
    expect(within(dialog).queryByRole("alert")).not.toBeInTheDocument();
    expect(within(dialog).getByRole("button", { name: "Done" })).not.toHaveAttribute("aria-disabled", "true");
  });

  it("keep what panels ask for when a variable gets another name, and what it opens with", async () => {
    const sent = sentTo("d1", "PATCH");
    const { user } = visit(`${PATH}?edit=true`);
    await user.click(await screen.findByRole("button", { name: "Variables (1)" }, PATIENT));
    const dialog = await screen.findByRole("dialog", { name: "Variables" }, PATIENT);

    fireEvent.change(within(dialog).getByRole("textbox", { name: "Name" }), { target: { value: "relation" } });
    await user.type(within(dialog).getByRole("combobox", { name: "Opens with" }), "raw.mine");
    await user.click(await screen.findByRole("option", { name: "raw.mine" }, PATIENT));
    await user.click(within(dialog).getByRole("button", { name: "Done" }));
    await user.click(await screen.findByRole("button", { name: "Save" }, PATIENT));

    await waitFor(() => expect(sent).toHaveLength(1), PATIENT);
    expect(sent[0]).toMatchObject({ variables: [{ name: "relation", default: ["raw.mine"] }] });
    expect((sent[0] as { panels: unknown[] }).panels).toContainEqual(expect.objectContaining({ id: "rows", queries: [expect.objectContaining({ where: { table: ["$relation"] } })] }));
  });

  it("say which panel is why they cannot be saved", async () => {
    server.use(http.patch("*/dashboards/:id", () => refusal(400, "invalid_request", "The dashboard cannot be drawn.", { "panels.2.queries.0.where": ["There is no variable $gone."] })));
    const { user } = visit(`${PATH}?edit=true`);

    await user.click(await screen.findByRole("button", { name: "Save" }, PATIENT));

    expect(await screen.findByText(/^Rows by table,/, {}, PATIENT)).toHaveTextContent("panels.2.queries.0.where: There is no variable $gone.");
  });

  it("are not saved over what somebody else saved", async () => {
    const { user } = visit(`${PATH}?edit=true`);
    const name = await screen.findByRole("textbox", { name: "Name" }, PATIENT);
    server.use(
      http.patch("*/dashboards/:id", () =>
        HttpResponse.json({ error: { code: "dashboard_changed", message: "The dashboard was saved by somebody else meanwhile.", details: {}, fields: null, retryable: false, request_id: "req_1" } }, { status: 409 }),
      ),
      http.get("*/dashboards/:id", () => HttpResponse.json(makeDashboard({ name: "Theirs", version: 4 }))),
    );

    fireEvent.change(name, { target: { value: "Mine" } });
    await user.click(screen.getByRole("button", { name: "Save" }));
    await user.click(await screen.findByRole("button", { name: /Load what was saved/ }, PATIENT));

    await waitFor(() => expect(screen.getByRole("textbox", { name: "Name" })).toHaveValue("Theirs"), PATIENT);
  });

  it("are listed, made and brought in as JSON, with what is wrong by its place", async () => {
    const { user, here } = visit("/w/acme/dashboards");
    expect(await screen.findByRole("link", { name: "Loads" }, PATIENT)).toBeVisible();

    await user.click(screen.getByRole("button", { name: "Import JSON" }));
    const box = await screen.findByRole("textbox", { name: "JSON" }, PATIENT);
    const text = { id: "a", kind: "text", x: 0, y: 0, w: 1, h: 1, markdown: "" };
    fireEvent.change(box, { target: { value: JSON.stringify({ name: "In", panels: [text, text] }) } });
    await user.click(screen.getByRole("button", { name: "Import" }));
    expect(await screen.findByText("panels.1.id", {}, PATIENT)).toBeVisible();

    fireEvent.change(box, { target: { value: JSON.stringify({ name: "In", panels: [text] }) } });
    await user.click(screen.getByRole("button", { name: "Import" }));
    await waitFor(() => expect(here().pathname).toMatch(/dashboards\/01a1f0aa.*e1$/), PATIENT);
  });
});
