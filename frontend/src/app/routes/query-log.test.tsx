import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import type { ImportAnswer } from "@/schema/wire/query-log";
import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

const PAGE = "/w/acme/query-log?preset=generic";
const DOOR = "*/api/v1/workspaces/:workspace/query-log";
const TAKEN: ImportAnswer = { accepted: 1, duplicates: 0, skipped: 0, rejected_count: 0, retryable_count: 0, rejected: [] };

function log(rows: string[], name = "history.csv"): File {
  return new File([`sql,ended_at\n${rows.join("\n")}\n`], name, { type: "text/csv" });
}

describe("importing a query log", () => {
  it("tells what was taken, was there, and which lines were refused", async () => {
    const { user } = visit(PAGE);
    const input = await screen.findByLabelText("Query log", {}, PATIENT);
    expect(screen.getByRole("button", { name: "Import" })).toHaveAccessibleDescription("Choose a file first.");

    await user.upload(input, log(["one", "two", "bad", "two"]));
    expect(screen.getByText("history.csv")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Import" }));

    const outcome = await screen.findByRole("status", { name: "Import" }, PATIENT);
    expect(outcome).toHaveTextContent("2 queries of history.csv are new");
    expect(outcome).toHaveTextContent("Taken2There already1Of no query0Refused1");
    const lines = screen.getByRole("list", { name: "Refused lines" });
    expect(lines).toHaveTextContent("Line 4Expected a time.ended_at");
    const links = within(outcome).getAllByRole("link");
    expect(links.at(-1)).toHaveAttribute("href", "/w/acme/refused?door=query-log");

    await user.click(screen.getByRole("button", { name: "Import another file" }));
    expect(await screen.findByLabelText("Query log")).toBeEnabled();
  });

  it("takes a file that is dropped, packed, and of lines of JSON", async () => {
    const asked: { type: string | null; body: string; query: URLSearchParams }[] = [];
    server.use(
      http.post(DOOR, async ({ request }) => {
        asked.push({ type: request.headers.get("Content-Type"), body: await request.text(), query: new URL(request.url).searchParams });
        return HttpResponse.json(TAKEN);
      }),
    );
    const { user } = visit("/w/acme/query-log?preset=bigquery&namespace=bigquery");
    const zone = (await screen.findByLabelText("Query log", {}, PATIENT)).closest("label");
    const file = new File([gzipSync('{"query": "select 1"}\n')], "jobs.log.gz");
    if (zone !== null) fireEvent.drop(zone, { dataTransfer: { files: [file] } });

    await user.click(screen.getByRole("button", { name: "Import" }));

    expect(await screen.findByText("1 query of jobs.log.gz is new", {}, PATIENT)).toBeVisible();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ type: "application/x-ndjson", body: '{"query": "select 1"}\n' });
    expect(Object.fromEntries(asked[0]?.query ?? [])).toEqual({ preset: "bigquery", namespace: "bigquery", timezone: "UTC" });
  });

  it("parts a long file and counts its lines through", async () => {
    const { user } = visit(PAGE);
    const rows = Array.from({ length: 12_000 }, (_, at) => (at === 11_000 ? "bad" : `q${at}`));

    await user.upload(await screen.findByLabelText("Query log", {}, PATIENT), log(rows));
    await user.click(screen.getByRole("button", { name: "Import" }));

    expect(await screen.findByText("11,999 queries of history.csv are new", {}, PATIENT)).toBeVisible();
    expect(screen.getByRole("list", { name: "Refused lines" })).toHaveTextContent("Line 11,002");
  });

  it("goes on by itself when the rate limit has room again", async () => {
    let tries = 0;
    server.use(
      http.post(DOOR, () => {
        tries += 1;
        const half = { ...TAKEN, accepted: 1, rejected_count: 1, retryable_count: 1 };
        if (tries === 1) return HttpResponse.json(half, { headers: { "Retry-After": "0" } });
        return HttpResponse.json({ ...TAKEN, accepted: 1, duplicates: 1 });
      }),
    );
    const { user } = visit(PAGE);

    await user.upload(await screen.findByLabelText("Query log", {}, PATIENT), log(["one", "two"]));
    await user.click(screen.getByRole("button", { name: "Import" }));

    const outcome = await screen.findByRole("status", { name: "Import" }, PATIENT);
    expect(outcome).toHaveTextContent("Taken2There already0");
    expect(tries).toBe(2);
  });

  it("says why a file cannot be read, and keeps it to try again", async () => {
    const { user } = visit(PAGE);

    await user.upload(await screen.findByLabelText("Query log", {}, PATIENT), new File(["a,b\n1,2\n"], "wrong.csv"));
    await user.click(screen.getByRole("button", { name: "Import" }));

    const alert = await screen.findByRole("alert", {}, PATIENT);
    expect(alert).toHaveTextContent("No column holds statements");
    expect(alert).toHaveTextContent("Nothing of the file was stored.");
    server.use(http.post(DOOR, () => refusal(500, "internal", "Something broke.")));
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.getByRole("alert")).toHaveTextContent("Something broke."), PATIENT);
  });

  it("says that a packed file is none", async () => {
    const { user } = visit(PAGE);

    await user.upload(await screen.findByLabelText("Query log", {}, PATIENT), new File([new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2])], "cut.csv.gz"));
    await user.click(screen.getByRole("button", { name: "Import" }));

    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("is no gzip, or ends too early");
  });

  it("stops when it is told to", async () => {
    server.use(http.post(DOOR, () => new Promise<never>(() => undefined)));
    const { user } = visit(PAGE);

    await user.upload(await screen.findByLabelText("Query log", {}, PATIENT), log(["one"]));
    await user.click(screen.getByRole("button", { name: "Import" }));
    expect(await screen.findByRole("progressbar", {}, PATIENT)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Stop" }));

    expect(await screen.findByRole("alert", {}, PATIENT)).toHaveTextContent("Stopped");
    expect(screen.getByRole("button", { name: "Try again" })).toBeEnabled();
  });

  it("keeps the choice in the address and tells how such a file is made", async () => {
    const { user, here } = visit(PAGE);

    await user.click(await screen.findByRole("combobox", { name: "Log of" }, PATIENT));
    await user.click(await screen.findByRole("option", { name: "ClickHouse" }));

    await waitFor(() => expect(here().search).toMatchObject({ preset: "clickhouse" }));
    expect(screen.getByRole("complementary", { name: "Where the file comes from" })).toHaveTextContent("FORMAT CSVWithNames");
  });

  it("says to a viewer why nothing can be imported", async () => {
    asViewer();
    visit(PAGE);

    expect(await screen.findByLabelText("Query log", {}, PATIENT)).toBeDisabled();
    expect(screen.getByRole("button", { name: "Import" })).toHaveAccessibleDescription(/needs the scope telemetry:write/);
  });
});
