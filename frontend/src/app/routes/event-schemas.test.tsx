import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { describe, expect, it } from "vitest";

import { refusal } from "@/testing/answers";
import { asViewer, PATIENT } from "@/testing/people";
import { visit } from "@/testing/render";
import { server } from "@/testing/server";

const SCHEMAS = "/w/acme/settings?tab=schemas";

describe("event schemas", () => {
  it("tells what each does and counts what did not fit, with the list behind each number", async () => {
    visit(SCHEMAS);

    const row = await screen.findByRole("listitem", { name: "table.loaded" }, PATIENT);
    expect(row).toHaveTextContent("Version 3");
    expect(row).toHaveTextContent("Warn");
    expect(within(row).getByRole("link", { name: "1,241 warnings" })).toHaveAttribute("href", "/w/acme/refused?code=schema_warning");
    expect(within(row).getByRole("link", { name: "7 refused" })).toHaveAttribute("href", "/w/acme/refused?code=schema_mismatch");
    expect(screen.getByRole("listitem", { name: "order.*" })).toHaveTextContent("Nothing is checked");
  });

  it("adds one that warns", async () => {
    const { user } = visit(SCHEMAS);

    await user.click(await screen.findByRole("button", { name: "Add schema" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByRole("button", { name: "Save schema" })).toHaveAccessibleDescription("Name the events.");
    await user.type(within(dialog).getByLabelText("Event name"), "model.trained");
    await user.click(within(dialog).getByRole("button", { name: "Save schema" }));

    expect(await screen.findByRole("listitem", { name: "model.trained" }, PATIENT)).toHaveTextContent("Everything fitted so far");
  });

  it("brings faults to their fields: broken JSON, a schema that cannot be used, a name that is taken", async () => {
    const { user } = visit(SCHEMAS);

    await user.click(await screen.findByRole("button", { name: "Add schema" }, PATIENT));
    const name = await screen.findByLabelText("Event name");
    await user.type(name, "order.*");
    const schema = screen.getByLabelText("Schema of the payload");
    fireEvent.change(schema, { target: { value: '{"type": }' } });
    expect(schema).toHaveAccessibleDescription(/Line 1, column 10: a value should stand here/);
    expect(screen.getByRole("button", { name: "Try it on the newest events" })).toBeDisabled();

    fireEvent.change(schema, { target: { value: '{"type": "array"}' } });
    await user.click(screen.getByRole("button", { name: "Try it on the newest events" }));
    await waitFor(() => expect(schema).toHaveAccessibleDescription(/The schema describes an object/), PATIENT);

    fireEvent.change(schema, { target: { value: "{}" } });
    await user.click(screen.getByRole("button", { name: "Save schema" }));
    await waitFor(() => expect(name).toHaveAccessibleDescription(/Taken by another schema/), PATIENT);
  });

  it("tries a schema on the newest events before it refuses any", async () => {
    const { user } = visit(SCHEMAS);

    await user.click(await screen.findByRole("button", { name: "Change the schema of table.loaded" }, PATIENT));
    const dialog = await screen.findByRole("dialog");
    fireEvent.change(within(dialog).getByLabelText("Schema of the payload"), { target: { value: '{"required": ["never"]}' } });
    await user.click(within(dialog).getByRole("radio", { name: "Refuse" }));
    await user.click(within(dialog).getByRole("button", { name: "Try before refusing" }));

    await waitFor(() => expect(within(dialog).getByRole("status")).toHaveTextContent("12 of the last day’s newest 1,000 events would not fit."), PATIENT);
    expect(within(dialog).getByRole("list", { name: "Events that don’t fit" })).toHaveTextContent("“never” is needed.");
    expect(screen.getByRole("listitem", { name: "table.loaded", hidden: true })).toHaveTextContent("Warn");

    // Another schema is another trial.
    fireEvent.change(within(dialog).getByLabelText("Schema of the payload"), { target: { value: '{"required": ["never", "x"]}' } });
    expect(within(dialog).queryByRole("status")).not.toBeInTheDocument();
    await user.click(within(dialog).getByRole("button", { name: "Try before refusing" }));
    await user.click(await within(dialog).findByRole("button", { name: "Refuse such events" }, PATIENT));

    await waitFor(() => expect(screen.getByRole("listitem", { name: "table.loaded" })).toHaveTextContent("Version 4"), PATIENT);
    expect(screen.getByRole("listitem", { name: "table.loaded" })).toHaveTextContent("Refuse");
  });

  it("deletes one", async () => {
    const { user } = visit(SCHEMAS);

    await user.click(await screen.findByRole("button", { name: "Delete the schema of order.*" }, PATIENT));
    await user.click(await screen.findByRole("button", { name: "Delete schema" }));

    await waitFor(() => expect(screen.queryByRole("listitem", { name: "order.*" })).not.toBeInTheDocument(), PATIENT);
    expect(screen.getByRole("listitem", { name: "table.loaded" })).toBeInTheDocument();
  });

  it("tells a viewer why nothing can be changed", async () => {
    asViewer();
    visit(SCHEMAS);

    expect(await screen.findByRole("button", { name: "Add schema" }, PATIENT)).toHaveAccessibleDescription(/needs the scope telemetry:manage/);
    expect(await screen.findByRole("button", { name: "Delete the schema of table.loaded" })).toHaveAccessibleDescription(/telemetry:manage/);
  });

  it("says that reading failed", async () => {
    server.use(http.get("*/event-schemas", () => refusal(500, "internal", "Something went wrong on our side.")));
    visit(SCHEMAS);

    expect(await screen.findByText("Loading the event schemas didn’t work", {}, PATIENT)).toBeVisible();
  });

  it("says what they are for where there are none", async () => {
    visit("/w/fresh/settings?tab=schemas");

    expect(await screen.findByText("No event schemas yet", {}, PATIENT)).toBeVisible();
  });
});
